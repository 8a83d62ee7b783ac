package windrow

import (
	"context"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	queryv1 "windrow/gen/windrow/query/v1"
)

const (
	pageSize = 5000
	listTime = time.Minute
)

// Kind says what an Update is.
type Kind string

const (
	// Snapshot: Results are all rows there are; forget what you had.
	Snapshot Kind = "snapshot"
	// Changes: Results are rows that are new or changed, Retracted rows that no longer exist.
	Changes Kind = "changes"
	// CaughtUp: everything that was there when the feed began has come.
	CaughtUp Kind = "caught_up"
	// Heartbeat: no row changed.
	Heartbeat Kind = "heartbeat"
)

// Update is a step of a feed.
type Update struct {
	Kind      Kind
	Results   []*queryv1.Result
	Retracted []*queryv1.Result
	// Every window that ends at or before it is final; nil while none is known.
	ClosedThroughTime *timestamppb.Timestamp
	// A feed that is begun with it goes on after this update.
	ResumeToken string
}

// FollowOptions says what is followed; the zero value is all rows of the view.
type FollowOptions struct {
	// Goes on after the update that carried it, without a list.
	ResumeToken string
	// Which rows, by the fields of the group; see SubscribeRequest.filter.
	Filter string
	// Only windows that start at or after, and before, these times.
	WindowStartTime, WindowEndTime *timestamppb.Timestamp
	// Rows only once they are final, and their corrections.
	FinalOnly bool
	// Ends the feed when all windows that end at or before it are final.
	EndTime *timestamppb.Timestamp
	// Longest silence; 0 is the service's own.
	HeartbeatInterval time.Duration
	// Called with each break that the feed goes on after. Optional.
	OnBreak func(err error)
}

// Feed iterates over the Updates of a view. It outlives breaks: it keeps the last token and comes back
// with it, after pauses that grow; when the token is of no use any more it lists anew. Used by one
// goroutine; it ends when its context does.
type Feed struct {
	client    queryv1.QueryServiceClient
	closed    <-chan struct{} // The client is.
	context   context.Context
	list      *queryv1.ListResultsRequest
	subscribe *queryv1.SubscribeRequest
	onBreak   func(error)

	token  string
	stream queryv1.QueryService_SubscribeClient
	cancel context.CancelFunc // Of the stream.
	pauses *pauses
	update Update
	ended  bool
	err    error
}

// Follow begins a feed: all rows of a view, then their changes.
func (c *Client) Follow(ctx context.Context, view string, options FollowOptions) *Feed {
	list := &queryv1.ListResultsRequest{
		Parent: view, PageSize: pageSize, Filter: options.Filter,
		StartTime: options.WindowStartTime, EndTime: options.WindowEndTime,
	}
	if options.FinalOnly {
		list.Filter = "final = true"
		if options.Filter != "" {
			list.Filter = "(" + options.Filter + ") AND final = true"
		}
	}
	subscribe := &queryv1.SubscribeRequest{
		Parent: view, Filter: options.Filter, FinalOnly: options.FinalOnly, EndTime: options.EndTime,
		WindowStartTime: options.WindowStartTime, WindowEndTime: options.WindowEndTime,
	}
	if options.HeartbeatInterval > 0 {
		subscribe.HeartbeatInterval = durationpb.New(options.HeartbeatInterval)
	}
	onBreak := options.OnBreak
	if onBreak == nil {
		onBreak = func(error) {}
	}
	return &Feed{
		client: c.Query, closed: c.closed, context: ctx, list: list, subscribe: subscribe, onBreak: onBreak,
		token: options.ResumeToken, pauses: newPauses(firstPause, longestPause),
	}
}

// Next waits for the next update; false at the end of the feed, see Err.
func (f *Feed) Next() bool {
	for !f.ended {
		got, err := f.step()
		if got {
			return true
		}
		f.closeStream()
		if err == io.EOF {
			f.ended = true
		} else {
			f.err = f.goOnAfter(err)
			f.ended = f.err != nil
		}
	}
	return false
}

// Update is what Next has found.
func (f *Feed) Update() Update { return f.update }

// Err is why the feed ended: nil for EndTime, else what does not pass, such as an unknown view, the end of
// the context, or ErrClosed.
func (f *Feed) Err() error { return f.err }

var errEnded = status.Error(codes.Unavailable, "the replica ended the feed")

// step returns whether there is an update. io.EOF is the end of the feed.
func (f *Feed) step() (bool, error) {
	if f.token == "" {
		return f.snapshot()
	}
	if f.stream == nil {
		if err := f.open(); err != nil {
			return false, err
		}
	}
	for {
		message, err := f.stream.Recv()
		if err == io.EOF {
			return false, errEnded
		}
		if err != nil {
			return false, err
		}
		f.pauses.reset()
		if message.ResumeToken != "" {
			f.token = message.ResumeToken
		}
		switch event := message.Event.(type) {
		case *queryv1.SubscribeResponse_Changes:
			f.update = Update{Kind: Changes, Results: event.Changes.Results, Retracted: event.Changes.Retracted}
		case *queryv1.SubscribeResponse_CaughtUp:
			f.update = Update{Kind: CaughtUp}
		case *queryv1.SubscribeResponse_Heartbeat:
			f.update = Update{Kind: Heartbeat}
		case *queryv1.SubscribeResponse_Close:
			if event.Close.Reason == "END_REACHED" {
				return false, io.EOF
			}
			return false, errEnded
		default:
			continue
		}
		f.update.ClosedThroughTime = message.ClosedThroughTime
		f.update.ResumeToken = f.token
		return true, nil
	}
}

func (f *Feed) snapshot() (bool, error) {
	ctx, cancel := context.WithTimeout(f.context, listTime)
	defer cancel()
	request := proto.Clone(f.list).(*queryv1.ListResultsRequest)
	update := Update{Kind: Snapshot}
	for {
		page, err := f.client.ListResults(ctx, request)
		if err != nil {
			return false, err
		}
		update.Results = append(update.Results, page.Results...)
		if update.ResumeToken == "" {
			update.ResumeToken = page.ResumeToken
		}
		request.PageToken = page.NextPageToken
		if request.PageToken == "" {
			f.token = update.ResumeToken
			f.update = update
			return true, nil
		}
	}
}

func (f *Feed) open() error {
	ctx, cancel := context.WithCancel(f.context)
	request := proto.Clone(f.subscribe).(*queryv1.SubscribeRequest)
	request.Start = &queryv1.SubscribeRequest_ResumeToken{ResumeToken: f.token}
	stream, err := f.client.Subscribe(ctx, request)
	if err != nil {
		cancel()
		return err
	}
	f.stream, f.cancel = stream, cancel
	return nil
}

func (f *Feed) closeStream() {
	if f.stream != nil {
		f.cancel()
		f.stream = nil
	}
}

// goOnAfter decides what to do about an error, and waits a little; it returns the error of the feed when
// nothing can be done.
func (f *Feed) goOnAfter(err error) error {
	select {
	case <-f.closed:
		return ErrClosed
	case <-f.context.Done():
		return f.context.Err()
	default:
	}
	switch status.Code(err) {
	case codes.OutOfRange, codes.FailedPrecondition, codes.Aborted:
		f.token = "" // It is of no use any more.
	case codes.Unavailable, codes.ResourceExhausted, codes.Internal, codes.DeadlineExceeded,
		codes.Canceled: // Not by us: so a stream ends that somebody between has reset.
		// The feed that was too slow is told where it stood.
		if token := ErrorInfo(err).GetMetadata()["resume_token"]; token != "" {
			f.token = token
		}
	default:
		return err
	}
	f.onBreak(err)
	wait := time.NewTimer(f.pauses.next())
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-f.closed:
		return ErrClosed
	case <-f.context.Done():
		return f.context.Err()
	}
}
