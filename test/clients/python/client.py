"""What programs with the official Python client do: typed, dynamic and watching. Prints a word for each part that held.

Usage: client.py URL CA_FILE TOKEN
"""

import json
import sys
import threading

from kubernetes import client, dynamic, watch
from kubernetes.client.rest import ApiException
from kubernetes.dynamic.exceptions import ConflictError

NAMESPACE = "default"


def connect(url, ca_file, token):
    configuration = client.Configuration()
    configuration.host = url
    configuration.ssl_ca_cert = ca_file
    configuration.api_key = {"authorization": f"Bearer {token}"}
    return client.ApiClient(configuration)


def deployment(name, replicas):
    labels = {"app": name}
    container = client.V1Container(name="main", image="example", resources={"limits": {"cpu": "500m"}})
    return client.V1Deployment(
        metadata=client.V1ObjectMeta(name=name),
        spec=client.V1DeploymentSpec(
            replicas=replicas,
            selector={"matchLabels": labels},
            template=client.V1PodTemplateSpec(
                metadata=client.V1ObjectMeta(labels=labels),
                spec=client.V1PodSpec(containers=[container]),
            ),
        ),
    )


def objects(api):
    core, apps = client.CoreV1Api(api), client.AppsV1Api(api)
    made = core.create_namespaced_config_map(
        NAMESPACE, client.V1ConfigMap(metadata=client.V1ObjectMeta(generate_name="py-"), data={"a": "1"})
    )
    made.data["b"] = "2"
    changed = core.replace_namespaced_config_map(made.metadata.name, NAMESPACE, made)
    assert changed.data == {"a": "1", "b": "2"}
    try:
        core.replace_namespaced_config_map(made.metadata.name, NAMESPACE, made)
        raise AssertionError("a stale object was taken")
    except ApiException as error:
        assert (error.status, error.reason) == (409, "Conflict"), error
    secret = core.create_namespaced_secret(
        NAMESPACE, client.V1Secret(metadata=client.V1ObjectMeta(name="py"), string_data={"p": "w"})
    )
    assert secret.data == {"p": "dw=="}

    apps.create_namespaced_deployment(NAMESPACE, deployment("py", 2))
    patched = apps.patch_namespaced_deployment("py", NAMESPACE, {"spec": {"replicas": 3}})
    assert patched.spec.replicas == 3 and patched.metadata.generation == 2
    scale = apps.read_namespaced_deployment_scale("py", NAMESPACE)
    scale.spec.replicas = 5
    assert apps.replace_namespaced_deployment_scale("py", NAMESPACE, scale).spec.replicas == 5
    status = core.delete_namespaced_config_map(made.metadata.name, NAMESPACE)
    assert status.status == "Success"


def pages(api):
    core = client.CoreV1Api(api)
    for i in range(7):
        metadata = client.V1ObjectMeta(name=f"page-{i}", labels={"page": "yes"})
        core.create_namespaced_config_map(NAMESPACE, client.V1ConfigMap(metadata=metadata))
    names, token = [], None
    while True:
        page = core.list_namespaced_config_map(NAMESPACE, label_selector="page=yes", limit=3, _continue=token)
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue
        if not token:
            break
    assert names == [f"page-{i}" for i in range(7)], names
    core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="page=yes")
    assert core.list_namespaced_config_map(NAMESPACE, label_selector="page=yes").items == []


def watches(api):
    core = client.CoreV1Api(api)
    begin = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version

    def change():
        metadata = client.V1ObjectMeta(name="watched", labels={"watched": "yes"})
        core.create_namespaced_config_map(NAMESPACE, client.V1ConfigMap(metadata=metadata))
        core.patch_namespaced_config_map("watched", NAMESPACE, {"data": {"a": "1"}})
        core.delete_namespaced_config_map("watched", NAMESPACE)

    threading.Thread(target=change, daemon=True).start()
    seen = []
    stream = watch.Watch().stream(
        core.list_namespaced_config_map,
        NAMESPACE,
        label_selector="watched=yes",
        resource_version=begin,
        timeout_seconds=30,
    )
    for event in stream:
        seen.append(event["type"])
        if event["type"] == "DELETED":
            break
    assert seen == ["ADDED", "MODIFIED", "DELETED"], seen


def custom(api):
    dynamic_client = dynamic.DynamicClient(api)
    definitions = dynamic_client.resources.get(api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition")
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer", "minimum": 1, "default": 3}}}},
    }
    definitions.create(
        body={
            "metadata": {"name": "crates.example.com"},
            "spec": {
                "group": "example.com",
                "scope": "Namespaced",
                "names": {"plural": "crates", "kind": "Crate"},
                "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
            },
        }
    )
    # A client asks discovery when it does not know a kind.
    crates = dynamic_client.resources.get(api_version="example.com/v1", kind="Crate")
    body = {"apiVersion": "example.com/v1", "kind": "Crate", "metadata": {"name": "a"}, "spec": {}}
    assert crates.create(body=body, namespace=NAMESPACE).spec.size == 3
    try:
        crates.patch(
            name="a",
            namespace=NAMESPACE,
            body={"spec": {"size": 0}},
            content_type="application/merge-patch+json",
        )
        raise AssertionError("a size below the minimum was taken")
    except dynamic.exceptions.UnprocessibleEntityError as error:
        assert "should be greater than or equal to 1" in json.loads(error.body)["message"], error.body


def apply(api):
    dynamic_client = dynamic.DynamicClient(api)
    config_maps = dynamic_client.resources.get(api_version="v1", kind="ConfigMap")

    def put(manager, value, **options):
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"a": value}}
        return dynamic_client.server_side_apply(
            config_maps, body=body, name="applied", namespace=NAMESPACE, field_manager=manager, **options
        )

    put("one", "1")
    try:
        put("two", "2")
        raise AssertionError("a conflict was not told")
    except ConflictError as error:
        assert json.loads(error.body)["message"] == 'Apply failed with 1 conflict: conflict with "one": .data.a'
    assert put("two", "2", force_conflicts=True).data.a == "2"


def main():
    api = connect(*sys.argv[1:4])
    for part in (objects, pages, watches, custom, apply):
        part(api)
        print(part.__name__, flush=True)


main()
