package windrow

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	aggregatorv1 "windrow/gen/windrow/aggregator/v1"
	pipelinev1 "windrow/gen/windrow/pipeline/v1"
	queryv1 "windrow/gen/windrow/query/v1"
	resultsv1 "windrow/gen/windrow/results/v1"
)

const (
	view  = "pipelines/p/views/v"
	start = 1543622400 // 2018-12-01T00:00:00Z
	// Long enough for a busy machine; no test waits for it to pass.
	patience = 30 * time.Second
)

// row is one of the tumbling window of 10 minutes with this number.
func row(group string, count int64, window int64) *queryv1.Result {
	return &queryv1.Result{
		View:            "v",
		Accepted:        count,
		WindowStartTime: &timestamppb.Timestamp{Seconds: start + 600*window},
		WindowEndTime:   &timestamppb.Timestamp{Seconds: start + 600*(window+1)},
		Group: []*resultsv1.Field{
			{Name: "type", Value: &resultsv1.Field_StringValue{StringValue: group}}},
		Values: []*resultsv1.Field{
			{Name: "count", Value: &resultsv1.Field_IntValue{IntValue: count}}},
	}
}

func changes(token string, rows ...*queryv1.Result) *queryv1.SubscribeResponse {
	return &queryv1.SubscribeResponse{ResumeToken: token,
		Event: &queryv1.SubscribeResponse_Changes{Changes: &queryv1.Changes{Results: rows}}}
}

func closing(token, reason string) *queryv1.SubscribeResponse {
	return &queryv1.SubscribeResponse{ResumeToken: token,
		Event: &queryv1.SubscribeResponse_Close{Close: &queryv1.Close{Reason: reason}}}
}

// failure is an error with google.rpc.ErrorInfo.
func failure(code codes.Code, reason string, metadata map[string]string) error {
	with, err := status.New(code, reason).WithDetails(&errdetails.ErrorInfo{Reason: reason, Metadata: metadata})
	if err != nil {
		panic(err)
	}
	return with.Err()
}

// list is an answer to ListResults: pages with a token, or an error.
type list struct {
	token string
	pages [][]*queryv1.Result
	err   error
}

// feed is an answer to Subscribe: messages, then an error, or silence until the reader leaves.
type feed struct {
	messages []*queryv1.SubscribeResponse
	err      error
	silence  bool
}

// fakeQuery is a query service that answers from a script; what is not in it fails with UNKNOWN.
type fakeQuery struct {
	queryv1.UnimplementedQueryServiceServer
	address string
	server  *grpc.Server
	silent  chan struct{} // Gets one for each silence that begins,
	left    chan struct{} // and that ends.

	mutex      sync.Mutex
	lists      []list
	feeds      []feed
	listed     []*queryv1.ListResultsRequest
	subscribed []*queryv1.SubscribeRequest
}

// startQuery starts one on a free port, or at this address.
func startQuery(t *testing.T, address string, lists []list, feeds []feed) *fakeQuery {
	t.Helper()
	fake := &fakeQuery{lists: lists, feeds: feeds,
		silent: make(chan struct{}, 10), left: make(chan struct{}, 10)}
	fake.server = grpc.NewServer()
	queryv1.RegisterQueryServiceServer(fake.server, fake)
	fake.address = serve(t, fake.server, address)
	return fake
}

func serve(t *testing.T, server *grpc.Server, address string) string {
	t.Helper()
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// tokens of the Subscribes that came.
func (f *fakeQuery) tokens() []string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	var tokens []string
	for _, request := range f.subscribed {
		tokens = append(tokens, request.GetResumeToken())
	}
	return tokens
}

func (f *fakeQuery) ListResults(_ context.Context,
	request *queryv1.ListResultsRequest) (*queryv1.ListResultsResponse, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.listed = append(f.listed, request)
	if len(f.lists) == 0 {
		return nil, status.Error(codes.Unknown, "no such list in the script")
	}
	answer := f.lists[0]
	number, _ := strconv.Atoi(request.PageToken)
	if number+1 >= len(answer.pages) {
		f.lists = f.lists[1:]
	}
	if answer.err != nil {
		return nil, answer.err
	}
	response := &queryv1.ListResultsResponse{Results: answer.pages[number]}
	if number == 0 {
		response.ResumeToken = answer.token
	}
	if number+1 < len(answer.pages) {
		response.NextPageToken = fmt.Sprint(number + 1)
	}
	return response, nil
}

func (f *fakeQuery) Subscribe(request *queryv1.SubscribeRequest,
	stream queryv1.QueryService_SubscribeServer) error {
	f.mutex.Lock()
	f.subscribed = append(f.subscribed, request)
	if len(f.feeds) == 0 {
		f.mutex.Unlock()
		return status.Error(codes.Unknown, "no such feed in the script")
	}
	script := f.feeds[0]
	f.feeds = f.feeds[1:]
	f.mutex.Unlock()
	for _, message := range script.messages {
		if err := stream.Send(message); err != nil {
			return err
		}
	}
	if script.silence {
		f.silent <- struct{}{}
		<-stream.Context().Done()
		f.left <- struct{}{}
	}
	return script.err
}

// fakePipelines is an aggregator whose pipeline others change, too: each of the failures ends one
// Reconfigure, and the settings have a new etag then.
type fakePipelines struct {
	aggregatorv1.UnimplementedPipelineServiceServer
	failures   []error
	generation int64
	requests   []*aggregatorv1.ReconfigureRequest
}

func (f *fakePipelines) GetPipeline(context.Context,
	*aggregatorv1.GetPipelineRequest) (*aggregatorv1.GetPipelineResponse, error) {
	f.generation++
	return &aggregatorv1.GetPipelineResponse{Pipeline: &aggregatorv1.PipelineResource{
		Etag: fmt.Sprint("e", f.generation),
		Pipeline: &pipelinev1.Pipeline{Settings: &pipelinev1.Settings{
			CommitInterval: durationpb.New(time.Duration(f.generation) * time.Millisecond)}},
	}}, nil
}

func (f *fakePipelines) Reconfigure(_ context.Context,
	request *aggregatorv1.ReconfigureRequest) (*aggregatorv1.ReconfigureResponse, error) {
	f.requests = append(f.requests, request)
	if len(f.failures) > 0 {
		err := f.failures[0]
		f.failures = f.failures[1:]
		return nil, err
	}
	return &aggregatorv1.ReconfigureResponse{
		Pipeline: &aggregatorv1.PipelineResource{Generation: f.generation + 1}}, nil
}

// dial makes a client that is closed at the end of the test.
func dial(t *testing.T, addresses Addresses) *Client {
	t.Helper()
	client, err := Dial(addresses)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// await fails the test when nothing comes.
func await[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		t.Fatal("waited in vain for ", what)
		panic("not reached")
	}
}
