// Reads objects in Kubernetes' protobuf, one a line in base64, with upstream's generated code, and answers each line with
// {"json": the object, "protobuf": the bytes that upstream would have written}, or {"error"}.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

type answer struct {
	JSON     runtime.Object `json:"json,omitempty"`
	Protobuf []byte         `json:"protobuf,omitempty"`
	Error    string         `json:"error,omitempty"`
}

func main() {
	if err := apiextensions.AddToScheme(scheme.Scheme); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	codec := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		if err := out.Encode(reread(codec, lines.Text())); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func reread(codec *protobuf.Serializer, line string) answer {
	data, err := base64.StdEncoding.DecodeString(line)
	if err != nil {
		return answer{Error: err.Error()}
	}
	object, _, err := codec.Decode(data, nil, nil)
	if err != nil {
		return answer{Error: err.Error()}
	}
	again, err := runtime.Encode(codec, object)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{JSON: object, Protobuf: again}
}
