module tsukube/nerdctl-build

go 1.26.8

require github.com/containerd/nerdctl/v2 v2.2.1

replace github.com/containerd/nerdctl/mod/tigron => ./tigron
