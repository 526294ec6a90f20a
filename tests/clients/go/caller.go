// The generated stubs as a caller of ../walk/walk.py.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
	"reflect"
	"regexp"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	hypeman "example.com/snapshot/gen/hypeman/v1"
)

const callLimit = 10 * time.Second

// The constructors of clients are the only things of the package that its registry does not list.
var constructors = map[protoreflect.FullName]any{
	"hypeman.v1.InstanceService": hypeman.NewInstanceServiceClient,
	"hypeman.v1.SnapshotService": hypeman.NewSnapshotServiceClient,
}

// Methods of the generated clients, by "package.Service/Method".
func methods(conn *grpc.ClientConn) map[string]reflect.Value {
	found := map[string]reflect.Value{}
	protoregistry.GlobalFiles.RangeFilesByPackage("hypeman.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			client := reflect.ValueOf(constructors[service.FullName()]).Call([]reflect.Value{reflect.ValueOf(conn)})[0]
			for j := range service.Methods().Len() {
				name := string(service.Methods().Get(j).Name())
				found[string(service.FullName())+"/"+name] = client.MethodByName(name)
			}
		}
		return true
	})
	return found
}

// What method answers to the request, one message or those of a stream.
func answers(method reflect.Value, request json.RawMessage) ([]json.RawMessage, error) {
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer My API Key")
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	message := reflect.New(method.Type().In(1).Elem())
	if err := protojson.Unmarshal(request, message.Interface().(proto.Message)); err != nil {
		return nil, err
	}
	got, err := outcome(method.Call([]reflect.Value{reflect.ValueOf(ctx), message}))
	if err != nil {
		return nil, err
	}
	var all []json.RawMessage
	if answer, ok := got.Interface().(proto.Message); ok {
		return appended(all, answer)
	}
	for {
		item, err := outcome(got.MethodByName("Recv").Call(nil))
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err == nil {
			all, err = appended(all, item.Interface().(proto.Message))
		}
		if err != nil {
			return nil, err
		}
	}
}

// The two results of a call.
func outcome(results []reflect.Value) (reflect.Value, error) {
	err, _ := results[1].Interface().(error)
	return results[0], err
}

func appended(all []json.RawMessage, answer proto.Message) ([]json.RawMessage, error) {
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(answer)
	return append(all, text), err
}

// "AlreadyExists" -> "ALREADY_EXISTS", "OK" -> "OK"
func codeName(err error) string {
	humps := regexp.MustCompile("([a-z])([A-Z])")
	return strings.ToUpper(humps.ReplaceAllString(status.Code(err).String(), "${1}_$2"))
}

func say(value any) error {
	return json.NewEncoder(os.Stdout).Encode(value)
}

func serve(conn *grpc.ClientConn) error {
	known := methods(conn)
	var names []string
	for name := range known {
		names = append(names, name)
	}
	if err := say(map[string]any{"methods": names}); err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var call struct {
			RPC     string
			Request json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &call); err != nil {
			return err
		}
		got, err := answers(known[call.RPC], call.Request)
		reply := map[string]any{"code": codeName(err), "answers": got}
		if err != nil {
			reply["message"] = err.Error()
		}
		if err := say(reply); err != nil {
			return err
		}
	}
	return lines.Err()
}

func run() error {
	text, err := os.ReadFile(os.Getenv("PAIR_READY_FILE"))
	if err != nil {
		return err
	}
	var ready struct{ URLs []string }
	if err := json.Unmarshal(text, &ready); err != nil {
		return err
	}
	plain := grpc.WithTransportCredentials(insecure.NewCredentials())
	conn, err := grpc.NewClient(strings.TrimPrefix(ready.URLs[0], "grpc://"), plain, grpc.WithNoProxy())
	if err != nil {
		return err
	}
	defer conn.Close()
	return serve(conn)
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
