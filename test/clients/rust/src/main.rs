//! What programs with kube-rs do. Prints a word for each part that held. Arguments: URL CA_FILE TOKEN

use std::{collections::BTreeMap, env, error::Error, fs, pin::pin, sync::Arc, time::Duration};

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::ConfigMap};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client, Config, CustomResource, CustomResourceExt, ResourceExt,
    api::{DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
    discovery::Discovery,
    runtime::{
        Controller, WatchStreamExt,
        controller::Action,
        reflector,
        wait::{await_condition, conditions},
        watcher,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

type Outcome = Result<(), Box<dyn Error>>;

#[derive(CustomResource, Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[kube(group = "rust.example.com", version = "v1", kind = "Cog", namespaced, status = "CogStatus")]
struct CogSpec {
    teeth: i32,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
struct CogStatus {
    seen: i32,
}

async fn connect(url: &str, ca_file: &str, token: &str) -> Result<Client, Box<dyn Error>> {
    let kubeconfig: Kubeconfig = serde_json::from_value(json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{ "name": "it", "cluster": { "server": url, "certificate-authority": fs::canonicalize(ca_file)? } }],
        "users": [{ "name": "it", "user": { "token": token } }],
        "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "it", "namespace": "default" } }],
    }))?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}

fn config_map(name: &str, value: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta { name: Some(name.into()), ..Default::default() },
        data: Some(BTreeMap::from([("a".into(), value.into())])),
        ..Default::default()
    }
}

async fn objects(client: &Client) -> Outcome {
    let config_maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
    let mut made = config_maps.create(&PostParams::default(), &config_map("rust", "1")).await?;
    made.labels_mut().insert("of".into(), "rust".into());
    let replaced = config_maps.replace("rust", &PostParams::default(), &made).await?;
    assert_ne!(replaced.resource_version(), made.resource_version());
    match config_maps.replace("rust", &PostParams::default(), &made).await {
        Err(kube::Error::Api(status)) => assert_eq!((status.code, status.reason.as_str()), (409, "Conflict")),
        other => panic!("a stale object was taken: {other:?}"),
    }
    let params = ListParams::default().labels("of=rust");
    assert_eq!(config_maps.list_metadata(&params).await?.items.len(), 1);

    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    let deployment = serde_json::from_value(json!({
        "metadata": { "name": "rust" },
        "spec": {
            "selector": { "matchLabels": { "app": "rust" } },
            "template": {
                "metadata": { "labels": { "app": "rust" } },
                "spec": { "containers": [{ "name": "main", "image": "example" }] },
            },
        },
    }))?;
    deployments.create(&PostParams::default(), &deployment).await?;
    let patch = Patch::Strategic(json!({ "spec": { "template": { "spec": { "containers": [
        { "name": "side", "image": "example" },
    ] } } } }));
    let patched = deployments.patch("rust", &PatchParams::default(), &patch).await?;
    assert_eq!(patched.spec.unwrap().template.spec.unwrap().containers.len(), 2);
    let scaled = Patch::Merge(json!({ "spec": { "replicas": 3 } }));
    assert_eq!(deployments.patch_scale("rust", &PatchParams::default(), &scaled).await?.spec.unwrap().replicas, Some(3));
    config_maps.delete("rust", &DeleteParams::default()).await?;
    assert!(config_maps.get_opt("rust").await?.is_none());
    Ok(())
}

/// Initial state both as pages and as a stream (WatchList), then changes.
async fn reflectors(client: &Client) -> Outcome {
    let config_maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
    config_maps.create(&PostParams::default(), &config_map("reflected", "1")).await?;
    for config in [watcher::Config::default().page_size(1), watcher::Config::default().streaming_lists()] {
        let (reader, writer) = reflector::store();
        let mut stream = pin!(watcher(config_maps.clone(), config).reflect(writer));
        while reader.get(&reflector::ObjectRef::new("reflected").within("default")).is_none() {
            stream.try_next().await?.expect("the stream has ended");
        }
    }
    Ok(())
}

async fn custom(client: &Client) -> Outcome {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let name = Cog::crd_name();
    definitions.patch(name, &PatchParams::apply("rust"), &Patch::Apply(Cog::crd())).await?;
    await_condition(definitions, name, conditions::is_crd_established()).await?;
    let discovery = Discovery::new(client.clone()).filter(&["rust.example.com"]).run_aggregated().await?;
    assert!(discovery.get("rust.example.com").expect("the group is told").recommended_kind("Cog").is_some());
    let cogs: Api<Cog> = Api::default_namespaced(client.clone());
    cogs.create(&PostParams::default(), &Cog::new("a", CogSpec { teeth: 12 })).await?;
    Ok(())
}

async fn reconcile(cog: Arc<Cog>, cogs: Arc<Api<Cog>>) -> Result<Action, kube::Error> {
    let status = json!({ "status": CogStatus { seen: cog.spec.teeth } });
    cogs.patch_status(&cog.name_any(), &PatchParams::default(), &Patch::Merge(status)).await?;
    Ok(Action::await_change())
}

async fn controller(client: &Client) -> Outcome {
    let cogs: Api<Cog> = Api::default_namespaced(client.clone());
    let retry = |_: Arc<Cog>, _: &kube::Error, _: Arc<Api<Cog>>| Action::requeue(Duration::from_secs(1));
    let mut running = pin!(
        Controller::new(cogs.clone(), watcher::Config::default()).run(reconcile, retry, Arc::new(cogs.clone()))
    );
    loop {
        running.next().await.expect("the controller has ended")?;
        if cogs.get_status("a").await?.status.is_some_and(|status| status.seen == 12) {
            return Ok(());
        }
    }
}

async fn apply(client: &Client) -> Outcome {
    let config_maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
    let put = async |manager: &str, value: &str, params: PatchParams| {
        let params = PatchParams { field_manager: Some(manager.into()), ..params };
        config_maps.patch("applied", &params, &Patch::Apply(config_map("applied", value))).await
    };
    put("one", "1", PatchParams::default()).await?;
    match put("two", "2", PatchParams::default()).await {
        Err(kube::Error::Api(status)) => {
            assert_eq!(status.message, "Apply failed with 1 conflict: conflict with \"one\": .data.a");
        }
        other => panic!("a conflict was not told: {other:?}"),
    }
    let forced = put("two", "2", PatchParams::default().force()).await?;
    assert_eq!(forced.data.unwrap()["a"], "2");
    Ok(())
}

#[tokio::main]
async fn main() -> Outcome {
    let args: Vec<String> = env::args().collect();
    let client = connect(&args[1], &args[2], &args[3]).await?;
    objects(&client).await?;
    println!("objects");
    reflectors(&client).await?;
    println!("reflectors");
    custom(&client).await?;
    println!("custom");
    controller(&client).await?;
    println!("controller");
    apply(&client).await?;
    println!("apply");
    Ok(())
}
