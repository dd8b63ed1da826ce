// Uses a server as controllers written with client-go do: typed, dynamic and metadata informers by streaming lists
// (WatchList), server-side apply with generated apply configurations, leader election.
// Arguments: URL, file of the CA, token. Says what went wrong and exits with 1.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

const namespace = "default"

var configMaps = corev1.SchemeGroupVersion.WithResource("configmaps")

// requests counts what was listed and how.
type requests struct {
	sync.Mutex
	lists, streams int
}

func (r *requests) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		query := request.URL.Query()
		r.Lock()
		if query.Get("sendInitialEvents") == "true" {
			r.streams++
		} else if request.Method == http.MethodGet && query.Get("watch") == "" {
			r.lists++
		}
		r.Unlock()
		return next.RoundTrip(request)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func main() {
	counted := &requests{}
	config := &rest.Config{
		Host:            os.Args[1],
		BearerToken:     os.Args[3],
		TLSClientConfig: rest.TLSClientConfig{CAFile: os.Args[2]},
		WrapTransport:   counted.wrap,
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	client := kubernetes.NewForConfigOrDie(config)
	steps := []struct {
		name string
		run  func() error
	}{
		{"apply", func() error { return apply(ctx, client) }},
		{"informers", func() error { return follow(ctx, client, config, counted) }},
		{"leader", func() error { return lead(ctx, client) }},
	}
	for _, step := range steps {
		if err := step.run(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", step.name, err)
			os.Exit(1)
		}
		fmt.Println(step.name)
	}
}

func apply(ctx context.Context, client kubernetes.Interface) error {
	maps := client.CoreV1().ConfigMaps(namespace)
	config := func(text string) *applycorev1.ConfigMapApplyConfiguration {
		return applycorev1.ConfigMap("followed", namespace).WithData(map[string]string{"text": text})
	}
	if _, err := maps.Apply(ctx, config("a"), metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		return err
	}
	if _, err := maps.Apply(ctx, config("b"), metav1.ApplyOptions{FieldManager: "two"}); !apierrors.IsConflict(err) {
		return fmt.Errorf("want Conflict, got %w", err)
	}
	made, err := maps.Apply(ctx, config("b"), metav1.ApplyOptions{FieldManager: "two", Force: true})
	if err != nil {
		return err
	}
	owned, err := applycorev1.ExtractConfigMap(made, "two")
	if err != nil || owned.Data["text"] != "b" {
		return fmt.Errorf("the second manager owns %v: %w", owned, err)
	}
	return nil
}

// follow has three kinds of informers see the same object come, change and go.
func follow(ctx context.Context, client kubernetes.Interface, config *rest.Config, counted *requests) error {
	typed := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace))
	loose := dynamicinformer.NewFilteredDynamicSharedInformerFactory(dynamic.NewForConfigOrDie(config), 0, namespace, nil)
	bare := metadatainformer.NewFilteredSharedInformerFactory(metadata.NewForConfigOrDie(config), 0, namespace, nil)
	all := []cache.SharedIndexInformer{
		typed.Core().V1().ConfigMaps().Informer(),
		loose.ForResource(configMaps).Informer(),
		bare.ForResource(configMaps).Informer(),
	}
	events := make(chan string, 100)
	for i, informer := range all {
		note := func(verb string, object any) {
			if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil && key == "default/later" {
				events <- fmt.Sprintf("%d %s", i, verb)
			}
		}
		if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(object any) { note("added", object) },
			UpdateFunc: func(_, object any) { note("changed", object) },
			DeleteFunc: func(object any) { note("deleted", object) },
		}); err != nil {
			return err
		}
	}
	typed.Start(ctx.Done())
	loose.Start(ctx.Done())
	bare.Start(ctx.Done())
	for i, informer := range all {
		if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			return fmt.Errorf("informer %d did not sync", i)
		}
		if _, found, _ := informer.GetIndexer().GetByKey("default/followed"); !found {
			return fmt.Errorf("informer %d has not the object", i)
		}
	}
	counted.Lock()
	lists, streams := counted.lists, counted.streams
	counted.Unlock()
	if lists != 0 || streams != len(all) {
		return fmt.Errorf("%d lists and %d streaming lists", lists, streams)
	}
	maps := client.CoreV1().ConfigMaps(namespace)
	made, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "later"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err = expect(ctx, events, "added", len(all)); err != nil {
		return err
	}
	made.Labels = map[string]string{"a": "b"}
	if _, err = maps.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if err = expect(ctx, events, "changed", len(all)); err != nil {
		return err
	}
	if err = maps.Delete(ctx, "later", metav1.DeleteOptions{}); err != nil {
		return err
	}
	return expect(ctx, events, "deleted", len(all))
}

// expect waits for one event of each informer, in any order.
func expect(ctx context.Context, events <-chan string, verb string, informers int) error {
	seen := map[string]bool{}
	for len(seen) < informers {
		select {
		case event := <-events:
			seen[event] = true
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: only %v", verb, seen)
		}
	}
	for i := range informers {
		if !seen[fmt.Sprintf("%d %s", i, verb)] {
			return fmt.Errorf("want %s, got %v", verb, seen)
		}
	}
	return nil
}

// lead has a second candidate take over when the first gives the lease up.
func lead(ctx context.Context, client kubernetes.Interface) error {
	led := make(chan string, 2)
	candidate := func(ctx context.Context, name string) {
		lock := &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: "leader", Namespace: namespace},
			Client:     client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		}
		leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
			Lock:            lock,
			LeaseDuration:   6 * time.Second,
			RenewDeadline:   4 * time.Second,
			RetryPeriod:     200 * time.Millisecond,
			ReleaseOnCancel: true,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { led <- name },
				OnStoppedLeading: func() {},
			},
		})
	}
	first, resign := context.WithCancel(ctx)
	go candidate(first, "first")
	if name := <-led; name != "first" {
		return fmt.Errorf("%s leads", name)
	}
	second, stop := context.WithCancel(ctx)
	defer stop()
	go candidate(second, "second")
	resign()
	select {
	case name := <-led:
		if name != "second" {
			return fmt.Errorf("%s leads again", name)
		}
	case <-ctx.Done():
		return fmt.Errorf("nobody took over")
	}
	lease, err := client.CoordinationV1().Leases(namespace).Get(ctx, "leader", metav1.GetOptions{})
	if err != nil || lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity != "second" {
		return fmt.Errorf("the lease is %v: %w", lease, err)
	}
	return nil
}
