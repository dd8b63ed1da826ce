// An operator as people write them with controller-runtime: a custom resource, a reconciler with a cache, an owned
// object, a finalizer and a status, under leader election. Besides it, dynamic and server-side apply clients of client-go.
// Prints a word for each part that held. Arguments: URL CA_FILE TOKEN
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const (
	namespace = "default"
	finalizer = "go.example.com/cleanup"
)

var groupVersion = schema.GroupVersion{Group: "go.example.com", Version: "v1"}

// Gadget is the custom resource.
type Gadget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              GadgetSpec   `json:"spec"`
	Status            GadgetStatus `json:"status,omitempty"`
}

type GadgetSpec struct {
	Text string `json:"text"`
}

type GadgetStatus struct {
	Ready bool `json:"ready"`
}

type GadgetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Gadget `json:"items"`
}

func (g *Gadget) DeepCopyObject() runtime.Object {
	copied := *g
	copied.ObjectMeta = *g.ObjectMeta.DeepCopy()
	return &copied
}

func (l *GadgetList) DeepCopyObject() runtime.Object {
	copied := *l
	copied.Items = make([]Gadget, len(l.Items))
	for i := range l.Items {
		copied.Items[i] = *l.Items[i].DeepCopyObject().(*Gadget)
	}
	return &copied
}

type reconciler struct{ client.Client }

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var gadget Gadget
	if err := r.Get(ctx, request.NamespacedName, &gadget); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !gadget.DeletionTimestamp.IsZero() {
		if controllerutil.RemoveFinalizer(&gadget, finalizer) {
			return ctrl.Result{}, r.Update(ctx, &gadget)
		}
		return ctrl.Result{}, nil
	}
	if controllerutil.AddFinalizer(&gadget, finalizer) {
		return ctrl.Result{}, r.Update(ctx, &gadget)
	}
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: gadget.Name, Namespace: gadget.Namespace}}
	_, err := controllerutil.CreateOrUpdate(ctx, r.Client, config, func() error {
		config.Data = map[string]string{"text": gadget.Spec.Text}
		return controllerutil.SetControllerReference(&gadget, config, r.Scheme())
	})
	if err != nil {
		return ctrl.Result{}, err
	}
	gadget.Status.Ready = true
	return ctrl.Result{}, r.Status().Update(ctx, &gadget)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func until(ctx context.Context, what string, holds func(context.Context) (bool, error)) {
	if err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 30*time.Second, true, holds); err != nil {
		must(fmt.Errorf("%s: %w", what, err))
	}
}

func definition() *apiextensionsv1.CustomResourceDefinition {
	text := map[string]apiextensionsv1.JSONSchemaProps{"text": {Type: "string"}}
	ready := map[string]apiextensionsv1.JSONSchemaProps{"ready": {Type: "boolean"}}
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "gadgets.go.example.com"},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: groupVersion.Group,
			Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: "gadgets", Kind: "Gadget"},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: groupVersion.Version, Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
					Type: "object",
					Properties: map[string]apiextensionsv1.JSONSchemaProps{
						"spec":   {Type: "object", Properties: text},
						"status": {Type: "object", Properties: ready},
					},
				}},
				Subresources: &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{}},
			}},
		},
	}
}

func operator(ctx context.Context, config *rest.Config) {
	scheme := runtime.NewScheme()
	must(clientscheme.AddToScheme(scheme))
	must(apiextensionsv1.AddToScheme(scheme))
	scheme.AddKnownTypes(groupVersion, &Gadget{}, &GadgetList{})
	metav1.AddToGroupVersion(scheme, groupVersion)

	direct, err := client.New(config, client.Options{Scheme: scheme})
	must(err)
	must(direct.Create(ctx, definition()))
	until(ctx, "established", func(ctx context.Context) (bool, error) {
		var crd apiextensionsv1.CustomResourceDefinition
		err := direct.Get(ctx, types.NamespacedName{Name: "gadgets.go.example.com"}, &crd)
		for _, condition := range crd.Status.Conditions {
			if condition.Type == apiextensionsv1.Established && condition.Status == apiextensionsv1.ConditionTrue {
				return true, nil
			}
		}
		return false, err
	})

	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                        scheme,
		Metrics:                       metricsserver.Options{BindAddress: "0"},
		LeaderElection:                true,
		LeaderElectionID:              "operator",
		LeaderElectionNamespace:       namespace,
		LeaderElectionReleaseOnCancel: true,
	})
	must(err)
	must(ctrl.NewControllerManagedBy(manager).For(&Gadget{}).Owns(&corev1.ConfigMap{}).
		Complete(&reconciler{manager.GetClient()}))
	running, stop := context.WithCancel(ctx)
	stopped := make(chan error, 1)
	go func() { stopped <- manager.Start(running) }()

	key := types.NamespacedName{Namespace: namespace, Name: "a"}
	gadget := &Gadget{ObjectMeta: metav1.ObjectMeta{Name: key.Name, Namespace: namespace}, Spec: GadgetSpec{Text: "one"}}
	must(direct.Create(ctx, gadget))
	textIs := func(wanted string) func(context.Context) (bool, error) {
		return func(ctx context.Context) (bool, error) {
			var config corev1.ConfigMap
			if err := direct.Get(ctx, key, &config); err != nil {
				return false, client.IgnoreNotFound(err)
			}
			return config.Data["text"] == wanted && metav1.IsControlledBy(&config, gadget), nil
		}
	}
	until(ctx, "reconciled", textIs("one"))
	until(ctx, "ready", func(ctx context.Context) (bool, error) {
		err := direct.Get(ctx, key, gadget)
		return gadget.Status.Ready, err
	})
	must(direct.Patch(ctx, gadget.DeepCopyObject().(client.Object),
		client.RawPatch(types.MergePatchType, []byte(`{"spec":{"text":"two"}}`))))
	until(ctx, "reconciled after a change", textIs("two"))
	// What it owns comes back when somebody takes it away.
	must(direct.Delete(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: key.Name, Namespace: namespace}}))
	until(ctx, "made anew", textIs("two"))
	must(direct.Delete(ctx, gadget))
	until(ctx, "finalized", func(ctx context.Context) (bool, error) {
		err := direct.Get(ctx, key, &Gadget{})
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	})
	stop()
	must(<-stopped)
}

func dynamically(ctx context.Context, config *rest.Config) {
	gadgets := dynamic.NewForConfigOrDie(config).Resource(groupVersion.WithResource("gadgets")).Namespace(namespace)
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": groupVersion.String(), "kind": "Gadget",
		"metadata": map[string]any{"name": "b"}, "spec": map[string]any{"text": "x", "unknown": "y"},
	}}
	made, err := gadgets.Create(ctx, object, metav1.CreateOptions{})
	must(err)
	if _, found, _ := unstructured.NestedString(made.Object, "spec", "unknown"); found {
		must(fmt.Errorf("an unknown field was kept"))
	}
	_, err = gadgets.Create(ctx, object, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	if !apierrors.IsBadRequest(err) {
		must(fmt.Errorf("an unknown field was not refused: %v", err))
	}
}

func apply(ctx context.Context, config *rest.Config) {
	configMaps := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps(namespace)
	put := func(manager, value string, force bool) (*corev1.ConfigMap, error) {
		wanted := applycorev1.ConfigMap("applied-by-go", namespace).WithData(map[string]string{"a": value})
		return configMaps.Apply(ctx, wanted, metav1.ApplyOptions{FieldManager: manager, Force: force})
	}
	first, err := put("one", "1", false)
	must(err)
	extracted, err := applycorev1.ExtractConfigMap(first, "one")
	must(err)
	if extracted.Data["a"] != "1" {
		must(fmt.Errorf("extracted %v", extracted))
	}
	if _, err := put("two", "2", false); !apierrors.IsConflict(err) {
		must(fmt.Errorf("a conflict was not told: %v", err))
	}
	_, err = put("two", "2", true)
	must(err)
}

func main() {
	log.SetLogger(zap.New(zap.WriteTo(os.Stderr)))
	config := &rest.Config{
		Host: os.Args[1], BearerToken: os.Args[3], TLSClientConfig: rest.TLSClientConfig{CAFile: os.Args[2]}, QPS: -1,
	}
	ctx := ctrl.SetupSignalHandler()
	operator(ctx, config)
	fmt.Println("operator")
	dynamically(ctx, config)
	fmt.Println("dynamic")
	apply(ctx, config)
	fmt.Println("apply")
}
