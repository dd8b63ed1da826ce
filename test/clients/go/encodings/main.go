// Uses a server as programs written with client-go do, in protobuf: typed, list, watch, update, patch, errors, bare
// metadata, an informer with WatchList. Arguments: URL, file of the CA, token. Says what went wrong and exits with 1.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

const namespace = "default"

func main() {
	config := &rest.Config{
		Host:            os.Args[1],
		BearerToken:     os.Args[3],
		TLSClientConfig: rest.TLSClientConfig{CAFile: os.Args[2]},
		ContentConfig: rest.ContentConfig{
			ContentType:        runtime.ContentTypeProtobuf,
			AcceptContentTypes: runtime.ContentTypeProtobuf,
		},
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	client := kubernetes.NewForConfigOrDie(config)
	steps := []struct {
		name string
		run  func() error
	}{
		{"objects", func() error { return objects(ctx, client) }},
		{"watch", func() error { return watches(ctx, client) }},
		{"errors", func() error { return failures(ctx, client) }},
		{"metadata", func() error { return bare(ctx, metadata.NewForConfigOrDie(config)) }},
		{"informer", func() error { return informer(ctx, client) }},
	}
	for _, step := range steps {
		if err := step.run(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", step.name, err)
			os.Exit(1)
		}
		fmt.Println(step.name)
	}
}

func configMap(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"é": ""}},
		Data:       map[string]string{"text": "wörld 𝄞"},
		BinaryData: map[string][]byte{"bytes": {0, 0xff, 0x80}, "none": {}},
	}
}

func objects(ctx context.Context, client kubernetes.Interface) error {
	maps := client.CoreV1().ConfigMaps(namespace)
	object := configMap("typed")
	object.Labels = map[string]string{"app": "typed"}
	made, err := maps.Create(ctx, object, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if made.Data["text"] != "wörld 𝄞" || !bytes.Equal(made.BinaryData["bytes"], []byte{0, 0xff, 0x80}) {
		return fmt.Errorf("another object came back: %v", made)
	}
	if made.CreationTimestamp.IsZero() || made.UID == "" || len(made.ManagedFields) != 1 || len(made.ManagedFields[0].FieldsV1.Raw) == 0 {
		return fmt.Errorf("metadata is missing: %v", made.ObjectMeta)
	}
	made.Data["more"] = "1"
	if _, err = maps.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	patched, err := maps.Patch(ctx, "typed", types.StrategicMergePatchType, []byte(`{"data":{"text":null}}`), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	if _, found := patched.Data["text"]; found || patched.Data["more"] != "1" {
		return fmt.Errorf("the patch made %v", patched.Data)
	}
	replicas := int32(3)
	unavailable := intstr.FromString("25%")
	deployment, err := client.AppsV1().Deployments(namespace).Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "typed"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "typed"}},
			Strategy: appsv1.DeploymentStrategy{
				Type:          appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{MaxUnavailable: &unavailable},
			},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "typed"}},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name:  "one",
					Image: "image",
					Resources: corev1.ResourceRequirements{
						Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("250m")},
					},
				}}},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	container := deployment.Spec.Template.Spec.Containers[0]
	if container.Resources.Requests.Cpu().MilliValue() != 250 || container.TerminationMessagePath != "/dev/termination-log" {
		return fmt.Errorf("the deployment came back as %v", deployment.Spec)
	}
	scale, err := client.AppsV1().Deployments(namespace).GetScale(ctx, "typed", metav1.GetOptions{})
	if err != nil || scale.Spec.Replicas != 3 {
		return fmt.Errorf("the scale is %v: %w", scale, err)
	}
	if _, err = maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "other-"}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	list, err := maps.List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return err
	}
	if len(list.Items) != 1 || list.Continue == "" || list.ResourceVersion == "" {
		return fmt.Errorf("the first page is %v", list)
	}
	return nil
}

func watches(ctx context.Context, client kubernetes.Interface) error {
	maps := client.CoreV1().ConfigMaps(namespace)
	events, err := maps.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=watched"})
	if err != nil {
		return err
	}
	defer events.Stop()
	object := configMap("watched")
	object.Labels = nil
	made, err := maps.Create(ctx, object, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	made.Data = map[string]string{"a": "b"}
	if _, err = maps.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if err = maps.Delete(ctx, "watched", metav1.DeleteOptions{}); err != nil {
		return err
	}
	for _, want := range []string{"ADDED", "MODIFIED", "DELETED"} {
		event := <-events.ResultChan()
		got, ok := event.Object.(*corev1.ConfigMap)
		if string(event.Type) != want || !ok || got.Name != "watched" {
			return fmt.Errorf("want %s, got %v", want, event)
		}
	}
	return nil
}

func failures(ctx context.Context, client kubernetes.Interface) error {
	maps := client.CoreV1().ConfigMaps(namespace)
	if _, err := maps.Get(ctx, "nobody", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("want NotFound, got %w", err)
	}
	_, err := maps.Create(ctx, configMap("labels"), metav1.CreateOptions{})
	if !apierrors.IsInvalid(err) {
		return fmt.Errorf("want Invalid, got %w", err)
	}
	status, ok := err.(apierrors.APIStatus)
	if !ok || len(status.Status().Details.Causes) == 0 || status.Status().Details.Causes[0].Field != "metadata.labels" {
		return fmt.Errorf("the causes are %v", err)
	}
	return nil
}

func bare(ctx context.Context, client metadata.Interface) error {
	resource := corev1.SchemeGroupVersion.WithResource("configmaps")
	one, err := client.Resource(resource).Namespace(namespace).Get(ctx, "typed", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if one.Labels["app"] != "typed" {
		return fmt.Errorf("the metadata is %v", one)
	}
	list, err := client.Resource(resource).Namespace(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(list.Items) == 0 || list.Items[0].UID == "" {
		return fmt.Errorf("the list is %v", list)
	}
	return nil
}

func informer(ctx context.Context, client kubernetes.Interface) error {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace))
	lister := factory.Core().V1().ConfigMaps().Lister()
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("%v did not come", kind)
		}
	}
	_, err := lister.ConfigMaps(namespace).Get("typed")
	return err
}
