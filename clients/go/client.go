// Package windrow is a client of Windrow: lists, feeds that go on by themselves, settings.
//
//	client, err := windrow.Dial(windrow.Addresses{Query: "127.0.0.1:7003", Aggregator: "127.0.0.1:7002"})
//	feed := client.Follow(ctx, "pipelines/sf-calls/views/calls-by-type", windrow.FollowOptions{})
//	for feed.Next() {
//		fmt.Println(feed.Update().Kind, len(feed.Update().Results))
//	}
//	err = feed.Err()
//
// What has no method here is called on the stubs: Client.Query, Client.Pipelines, Client.Producer.
package windrow

import (
	"context"
	"errors"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	aggregatorv1 "windrow/gen/windrow/aggregator/v1"
	pipelinev1 "windrow/gen/windrow/pipeline/v1"
	producerv1 "windrow/gen/windrow/producer/v1"
	queryv1 "windrow/gen/windrow/query/v1"
)

const (
	changeAttempts = 10
	maxMessage     = 16 << 20
)

// Addresses are host:port of the services; one that is empty is not used.
type Addresses struct {
	Query, Aggregator, Producer string
}

// Client holds connections to the services, made when first used. Safe for concurrent use.
type Client struct {
	Query     queryv1.QueryServiceClient
	Pipelines aggregatorv1.PipelineServiceClient
	Producer  producerv1.ProducerServiceClient

	connections []*grpc.ClientConn
	closed      chan struct{}
	closeOnce   sync.Once
}

// ErrClosed is why a feed ends whose client has been closed.
var ErrClosed = errors.New("windrow: the client is closed")

// Dial makes a client. It returns an error only for an address that cannot be read. Connections are plain
// text unless the options say otherwise, such as grpc.WithTransportCredentials(credentials.NewTLS(...)).
func Dial(addresses Addresses, options ...grpc.DialOption) (*Client, error) {
	options = append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		// A peer that is gone without a word is found out within half a minute; the services permit it at 10 s.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: 10 * time.Second}),
		// Feeds that come back soon find out soon that the service is back.
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{
			BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second,
		}, MinConnectTimeout: 5 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
	}, options...) // Of two, the later holds.
	client := &Client{closed: make(chan struct{})}
	connect := func(address string) (*grpc.ClientConn, error) {
		if address == "" {
			address = "not-configured.invalid:1"
		}
		connection, err := grpc.NewClient(address, options...)
		if err == nil {
			client.connections = append(client.connections, connection)
		}
		return connection, err
	}
	query, err1 := connect(addresses.Query)
	aggregator, err2 := connect(addresses.Aggregator)
	producer, err3 := connect(addresses.Producer)
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			client.Close()
			return nil, err
		}
	}
	client.Query = queryv1.NewQueryServiceClient(query)
	client.Pipelines = aggregatorv1.NewPipelineServiceClient(aggregator)
	client.Producer = producerv1.NewProducerServiceClient(producer)
	return client, nil
}

// Close ends all connections, and with them what is still running.
func (c *Client) Close() {
	c.closeOnce.Do(func() { close(c.closed) })
	for _, connection := range c.connections {
		connection.Close()
	}
}

// ChangeSettings alters a pipeline's settings as they are now: change is given them, and is called again
// when somebody else has been quicker.
func (c *Client) ChangeSettings(ctx context.Context, pipeline string,
	change func(*pipelinev1.Settings)) (*aggregatorv1.ReconfigureResponse, error) {
	for attempt := 1; ; attempt++ {
		seen, err := c.Pipelines.GetPipeline(ctx, &aggregatorv1.GetPipelineRequest{Name: pipeline})
		if err != nil {
			return nil, err
		}
		settings := seen.GetPipeline().GetPipeline().GetSettings()
		change(settings)
		response, err := c.Pipelines.Reconfigure(ctx, &aggregatorv1.ReconfigureRequest{
			Name:       pipeline,
			Settings:   settings,
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"*"}},
			Etag:       seen.GetPipeline().GetEtag(),
		})
		if err == nil || ErrorInfo(err).GetReason() != "ETAG_MISMATCH" || attempt == changeAttempts {
			return response, err
		}
	}
}

// ErrorInfo returns what a service says about an error: reason, domain, metadata. Nil, whose getters
// return nothing, when it says nothing, as when the network failed.
func ErrorInfo(err error) *errdetails.ErrorInfo {
	var with interface{ GRPCStatus() *status.Status }
	if !errors.As(err, &with) {
		return nil
	}
	for _, detail := range with.GRPCStatus().Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info
		}
	}
	return nil
}
