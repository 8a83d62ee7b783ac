package windrow

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/types/known/durationpb"

	aggregatorv1 "windrow/gen/windrow/aggregator/v1"
	pipelinev1 "windrow/gen/windrow/pipeline/v1"
	queryv1 "windrow/gen/windrow/query/v1"
	resultsv1 "windrow/gen/windrow/results/v1"
)

// lengthen lets a client lengthen the commit interval by 10 ms at a service that fails so.
func lengthen(t *testing.T, failures ...error) (*aggregatorv1.ReconfigureResponse, *fakePipelines, error) {
	t.Helper()
	fake := &fakePipelines{failures: failures}
	server := grpc.NewServer()
	aggregatorv1.RegisterPipelineServiceServer(server, fake)
	client := dial(t, Addresses{Aggregator: serve(t, server, "")})
	changed, err := client.ChangeSettings(context.Background(), "pipelines/p", func(settings *pipelinev1.Settings) {
		settings.CommitInterval = durationpb.New(settings.CommitInterval.AsDuration() + 10*time.Millisecond)
	})
	return changed, fake, err
}

func TestChangesAgainWhenSomebodyWasQuicker(t *testing.T) {
	mismatch := failure(codes.Aborted, "ETAG_MISMATCH", nil)
	changed, fake, err := lengthen(t, mismatch, mismatch)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "generation", changed.Pipeline.Generation, int64(4))
	var seen []string
	for _, request := range fake.requests {
		seen = append(seen, fmt.Sprint(request.Etag, " ", request.Settings.CommitInterval.AsDuration()))
	}
	expect(t, "changes", seen, []string{"e1 11ms", "e2 12ms", "e3 13ms"})
	expect(t, "mask", fake.requests[0].UpdateMask.Paths, []string{"*"})
}

func TestChangesNotForEver(t *testing.T) {
	var mismatches []error
	for i := 0; i < 20; i++ {
		mismatches = append(mismatches, failure(codes.Aborted, "ETAG_MISMATCH", nil))
	}
	_, fake, err := lengthen(t, mismatches...)
	expect(t, "reason", ErrorInfo(err).GetReason(), "ETAG_MISMATCH")
	expect(t, "tries", len(fake.requests), 10)
}

func TestChangesNotAfterAnotherError(t *testing.T) {
	_, fake, err := lengthen(t, failure(codes.InvalidArgument, "SETTINGS_INVALID", nil))
	expect(t, "reason", ErrorInfo(err).GetReason(), "SETTINGS_INVALID")
	expect(t, "tries", len(fake.requests), 1)
}

func TestErrorInfoOfAnErrorWithoutOne(t *testing.T) {
	client := dial(t, Addresses{Query: "127.0.0.1:1"})
	_, err := client.Query.ListResults(context.Background(), &queryv1.ListResultsRequest{Parent: view})
	if err == nil {
		t.Fatal("nobody is there, and there is no error")
	}
	expect(t, "reason", ErrorInfo(err).GetReason(), "")
	expect(t, "no error's reason", ErrorInfo(nil).GetReason(), "")
	wrapped := fmt.Errorf("that is why: %w", failure(codes.NotFound, "VIEW_NOT_FOUND", nil))
	expect(t, "reason of a wrapped one", ErrorInfo(wrapped).GetReason(), "VIEW_NOT_FOUND")
}

// What a caller asks of gRPC wins over what Dial would choose.
func TestDialTakesOptions(t *testing.T) {
	fake := startQuery(t, "", []list{{token: "t0", pages: pages{{row("a", 1, 0)}}}}, nil)
	client, err := Dial(Addresses{Query: fake.address},
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(1)))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, err = client.Query.ListResults(context.Background(), &queryv1.ListResultsRequest{Parent: view})
	if err == nil {
		t.Error("a message was larger than permitted, and came")
	}
}

func TestDialTakesTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{ // Its own authority.
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	own := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	server := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&own)))
	fake := &fakeQuery{lists: []list{{token: "t0", pages: pages{{row("a", 1, 0)}}}}}
	queryv1.RegisterQueryServiceServer(server, fake)
	authorities := x509.NewCertPool()
	authorities.AddCert(certificate)
	client, err := Dial(Addresses{Query: serve(t, server, "")},
		grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(authorities, "")))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	response, err := client.Query.ListResults(context.Background(), &queryv1.ListResultsRequest{Parent: view})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "rows", len(response.Results), 1)
}

func TestValues(t *testing.T) {
	counts := []*resultsv1.ValueCount{{Value: "x", Count: 2}}
	for _, each := range []struct {
		field *resultsv1.Field
		want  any
	}{
		{&resultsv1.Field{Value: &resultsv1.Field_StringValue{StringValue: "x"}}, "x"},
		{&resultsv1.Field{Value: &resultsv1.Field_IntValue{IntValue: -3}}, int64(-3)},
		{&resultsv1.Field{Value: &resultsv1.Field_DoubleValue{DoubleValue: 0.5}}, 0.5},
		{&resultsv1.Field{Value: &resultsv1.Field_BoolValue{}}, false},
		{&resultsv1.Field{Value: &resultsv1.Field_ValueCounts{
			ValueCounts: &resultsv1.ValueCounts{Counts: counts}}}, counts},
		{&resultsv1.Field{}, nil},
		{&resultsv1.Field{Value: &resultsv1.Field_Error{Error: resultsv1.ValueError_VALUE_ERROR_OVERFLOW}}, nil},
	} {
		expect(t, each.field.String(), Value(each.field), each.want)
	}
}

func TestARowsKeyIsItsWindowAndGroup(t *testing.T) {
	key := RowKey(row("a", 1, 0))
	expect(t, "key of another version", RowKey(row("a", 2, 0)), key)
	for _, other := range []*queryv1.Result{row("b", 1, 0), row("a", 1, 1)} {
		if RowKey(other) == key {
			t.Errorf("%v has the key %q", other, key)
		}
	}
}
