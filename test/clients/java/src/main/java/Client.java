import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaPropsBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What programs with fabric8's client do. Prints a word for each part that held. Arguments: URL CA_FILE TOKEN */
public class Client {
  private static final String NAMESPACE = "default";

  public static void main(String[] args) throws Exception {
    Config config = new ConfigBuilder(Config.empty())
        .withMasterUrl(args[0]).withCaCertFile(args[1]).withOauthToken(args[2]).withNamespace(NAMESPACE).build();
    try (KubernetesClient client = new KubernetesClientBuilder().withConfig(config).build()) {
      objects(client);
      watches(client);
      informers(client);
      custom(client);
      apply(client);
      leader(client);
    }
    System.exit(0); // its threads are of no interest any more
  }

  private static void held(String part) {
    System.out.println(part);
  }

  private static void require(boolean holds, Object seen) {
    if (!holds) throw new AssertionError(String.valueOf(seen));
  }

  private static ConfigMap configMap(String name, String value) {
    return new ConfigMapBuilder().withNewMetadata().withName(name).addToLabels("of", "java").endMetadata()
        .addToData("a", value).build();
  }

  private static void objects(KubernetesClient client) {
    client.configMaps().resource(configMap("java", "1")).create();
    ConfigMap edited = client.configMaps().withName("java").edit(
        old -> new ConfigMapBuilder(old).addToData("b", "2").build());
    require(edited.getData().equals(Map.of("a", "1", "b", "2")), edited);
    try {
      client.configMaps().resource(configMap("java", "1")).create();
      throw new AssertionError("it was made twice");
    } catch (KubernetesClientException error) {
      require(error.getCode() == 409 && "AlreadyExists".equals(error.getStatus().getReason()), error);
    }
    Deployment deployment = new DeploymentBuilder().withNewMetadata().withName("java").endMetadata().withNewSpec()
        .withReplicas(1).withNewSelector().addToMatchLabels("app", "java").endSelector().withNewTemplate()
        .withNewMetadata().addToLabels("app", "java").endMetadata().withNewSpec().addNewContainer().withName("main")
        .withImage("example").endContainer().endSpec().endTemplate().endSpec().build();
    client.apps().deployments().resource(deployment).create();
    Deployment scaled = client.apps().deployments().withName("java").scale(4);
    require(scaled.getSpec().getReplicas() == 4, scaled);
    require(client.configMaps().withLabel("of", "java").list().getItems().size() == 1, "labels");
    require(client.pods().resource(new PodBuilder().withNewMetadata().withName("dry").endMetadata().withNewSpec()
        .addNewContainer().withName("c").withImage("i").endContainer().endSpec().build()).dryRun().create()
        .getMetadata().getUid() != null, "dry run");
    require(client.pods().withName("dry").get() == null, "a dry run left a pod");
    client.configMaps().withName("java").delete();
    require(client.configMaps().withName("java").get() == null, "still there");
    held("objects");
  }

  /** Over WebSocket, which is this client's first choice. */
  private static void watches(KubernetesClient client) throws InterruptedException {
    BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    try (var watch = client.configMaps().withName("watched").watch(new Watcher<ConfigMap>() {
      @Override
      public void eventReceived(Action action, ConfigMap resource) {
        seen.add(action.name());
      }

      @Override
      public void onClose(WatcherException cause) {
        if (cause != null) seen.add(cause.toString());
      }
    })) {
      client.configMaps().resource(configMap("watched", "1")).create();
      client.configMaps().withName("watched").edit(old -> new ConfigMapBuilder(old).addToData("a", "2").build());
      client.configMaps().withName("watched").delete();
      for (String expected : List.of("ADDED", "MODIFIED", "DELETED")) {
        String event = seen.poll(20, TimeUnit.SECONDS);
        require(expected.equals(event), event);
      }
    }
    held("watches");
  }

  private static void informers(KubernetesClient client) throws InterruptedException {
    client.configMaps().resource(configMap("before", "1")).create();
    BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    try (SharedIndexInformer<ConfigMap> informer = client.configMaps().withLabel("of", "java").inform(
        new ResourceEventHandler<>() {
          @Override
          public void onAdd(ConfigMap object) {
            seen.add("add " + object.getMetadata().getName());
          }

          @Override
          public void onUpdate(ConfigMap old, ConfigMap object) {
            seen.add("update " + object.getMetadata().getName());
          }

          @Override
          public void onDelete(ConfigMap object, boolean unknown) {
            seen.add("delete " + object.getMetadata().getName());
          }
        })) {
      require("add before".equals(seen.poll(20, TimeUnit.SECONDS)), "first");
      client.configMaps().resource(configMap("after", "1")).create();
      require("add after".equals(seen.poll(20, TimeUnit.SECONDS)), "later");
      require(informer.getIndexer().list().size() == 2, informer.getIndexer().list());
      client.configMaps().withName("before").delete();
      require("delete before".equals(seen.poll(20, TimeUnit.SECONDS)), "deleted");
    }
    held("informers");
  }

  private static void custom(KubernetesClient client) {
    var schema = new JSONSchemaPropsBuilder().withType("object").addToProperties("spec", new JSONSchemaPropsBuilder()
        .withType("object").addToProperties("size", new JSONSchemaPropsBuilder().withType("integer").build()).build())
        .build();
    client.apiextensions().v1().customResourceDefinitions().resource(new CustomResourceDefinitionBuilder()
        .withNewMetadata().withName("boxes.java.example.com").endMetadata().withNewSpec().withGroup("java.example.com")
        .withScope("Namespaced").withNewNames().withPlural("boxes").withKind("Box").endNames().addNewVersion()
        .withName("v1").withServed(true).withStorage(true).withNewSchema().withOpenAPIV3Schema(schema).endSchema()
        .endVersion().endSpec().build()).create();
    client.apiextensions().v1().customResourceDefinitions().withName("boxes.java.example.com").waitUntilCondition(
        crd -> crd != null && crd.getStatus() != null && crd.getStatus().getConditions().stream()
            .anyMatch(c -> c.getType().equals("Established") && c.getStatus().equals("True")), 20, TimeUnit.SECONDS);
    var context = new ResourceDefinitionContext.Builder().withGroup("java.example.com").withVersion("v1")
        .withPlural("boxes").withKind("Box").withNamespaced(true).build();
    GenericKubernetesResource box = new GenericKubernetesResourceBuilder().withApiVersion("java.example.com/v1")
        .withKind("Box").withNewMetadata().withName("a").endMetadata()
        .addToAdditionalProperties("spec", Map.of("size", 3)).build();
    var made = client.genericKubernetesResources(context).inNamespace(NAMESPACE).resource(box).create();
    require(((Map<?, ?>) made.getAdditionalProperties().get("spec")).get("size").equals(3), made);
    held("custom");
  }

  private static void apply(KubernetesClient client) {
    client.configMaps().resource(configMap("applied", "1")).fieldManager("one").serverSideApply();
    try {
      client.configMaps().resource(configMap("applied", "2")).fieldManager("two").serverSideApply();
      throw new AssertionError("a conflict was not told");
    } catch (KubernetesClientException error) {
      require(error.getCode() == 409, error);
    }
    var forced = new PatchContext.Builder().withPatchType(PatchType.SERVER_SIDE_APPLY).withFieldManager("two")
        .withForce(true).build();
    ConfigMap result = client.configMaps().withName("applied").patch(forced, configMap("applied", "2"));
    require("2".equals(result.getData().get("a")), result);
    held("apply");
  }

  private static void leader(KubernetesClient client) throws InterruptedException {
    CountDownLatch leading = new CountDownLatch(1);
    var elector = client.leaderElector().withConfig(new LeaderElectionConfigBuilder().withName("java")
        .withLock(new LeaseLock(NAMESPACE, "java", "me")).withLeaseDuration(Duration.ofSeconds(15))
        .withRenewDeadline(Duration.ofSeconds(10)).withRetryPeriod(Duration.ofSeconds(2)).withReleaseOnCancel(true)
        .withLeaderCallbacks(new LeaderCallbacks(leading::countDown, () -> { }, name -> { })).build()).build();
    var running = elector.start();
    require(leading.await(20, TimeUnit.SECONDS), "nobody leads");
    running.cancel(true);
    held("leader");
  }
}
