// Reads OpenAPI documents, one a line: {"version": 2 or 3, "json": the text, "protobuf": our bytes}. Says on each line
// whether the bytes are what upstream's compiler makes of the text: "same", or how they differ.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	openapi_v2 "github.com/google/gnostic-models/openapiv2"
	openapi_v3 "github.com/google/gnostic-models/openapiv3"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
	"sigs.k8s.io/yaml"
)

type document struct {
	Version  int    `json:"version"`
	JSON     string `json:"json"`
	Protobuf []byte `json:"protobuf"`
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	for decoder := json.NewDecoder(lines); decoder.More(); {
		var given document
		if err := decoder.Decode(&given); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(compare(given))
	}
}

func compare(given document) string {
	var want, got proto.Message
	var err error
	if given.Version == 2 {
		want, err = openapi_v2.ParseDocument([]byte(given.JSON))
		got = &openapi_v2.Document{}
	} else {
		want, err = openapi_v3.ParseDocument([]byte(given.JSON))
		got = &openapi_v3.Document{}
	}
	if err != nil {
		return fmt.Sprintf("%q", err.Error())
	}
	if err = proto.Unmarshal(given.Protobuf, got); err != nil {
		return fmt.Sprintf("%q", err.Error())
	}
	plain(want.ProtoReflect())
	plain(got.ProtoReflect())
	if proto.Equal(want, got) {
		return "same"
	}
	return fmt.Sprintf("%q", cmp.Diff(want, got, protocmp.Transform()))
}

// plain writes the YAML in every Any as JSON, since the same value can be written in many ways.
func plain(message protoreflect.Message) {
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.Name() == "yaml" && message.Descriptor().Name() == "Any":
			text, err := yaml.YAMLToJSON([]byte(value.String()))
			if err != nil {
				text = []byte(err.Error())
			}
			message.Set(field, protoreflect.ValueOfString(string(text)))
		case field.IsList() && field.Message() != nil:
			for i := range value.List().Len() {
				plain(value.List().Get(i).Message())
			}
		case !field.IsList() && field.Message() != nil:
			plain(value.Message())
		}
		return true
	})
}
