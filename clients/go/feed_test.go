package windrow

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	queryv1 "windrow/gen/windrow/query/v1"
)

// The tests of the other languages have the same cases.

type messages = []*queryv1.SubscribeResponse

type pages = [][]*queryv1.Result

// begin begins a feed of a service with this script.
func begin(t *testing.T, ctx context.Context, options FollowOptions, lists []list, feeds []feed) (*Feed, *fakeQuery) {
	t.Helper()
	fake := startQuery(t, "", lists, feeds)
	return dial(t, Addresses{Query: fake.address}).Follow(ctx, view, options), fake
}

// rest says what is left of a feed, each update as its kind and the counts of its rows.
func rest(feed *Feed) []string {
	var updates []string
	for feed.Next() {
		text := string(feed.Update().Kind)
		for _, result := range feed.Update().Results {
			text += fmt.Sprint(" ", Values(result)["count"])
		}
		updates = append(updates, text)
	}
	return updates
}

func expect(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestListsAllPagesThenGoesOnFromTheFirstOnesToken(t *testing.T) {
	follow, fake := begin(t, context.Background(), FollowOptions{},
		[]list{{token: "t0", pages: pages{{row("a", 1, 0)}, {row("b", 2, 0)}}}},
		[]feed{{messages: messages{
			{ResumeToken: "t1", Event: &queryv1.SubscribeResponse_Confirmation{}},
			changes("t2", row("a", 3, 0)), closing("t3", "END_REACHED")}}})
	expect(t, "updates", rest(follow), []string{"snapshot 1 2", "changes 3"})
	expect(t, "error", follow.Err(), nil)
	expect(t, "tokens", fake.tokens(), []string{"t0"})
	expect(t, "another one", follow.Next(), false)
	expect(t, "tokens", fake.tokens(), []string{"t0"})
}

func TestComesBackWithTheLastToken(t *testing.T) {
	breaks := 0
	follow, fake := begin(t, context.Background(), FollowOptions{OnBreak: func(error) { breaks++ }},
		[]list{{token: "t0", pages: pages{{}}}},
		[]feed{
			{messages: messages{changes("t1", row("a", 1, 0)), closing("t2", "DRAINING")}},
			{messages: messages{changes("t3", row("a", 2, 0))}, err: failure(codes.Unavailable, "DRAINING", nil)},
			{err: failure(codes.ResourceExhausted, "TOO_MANY_SUBSCRIBERS", nil)},
			{err: status.Error(codes.Canceled, "a proxy has reset the stream")},
			{messages: messages{changes("t4", row("a", 3, 0))}}, // An end without a word.
			{messages: messages{closing("t5", "END_REACHED")}},
		})
	expect(t, "updates", rest(follow), []string{"snapshot", "changes 1", "changes 2", "changes 3"})
	expect(t, "tokens", fake.tokens(), []string{"t0", "t2", "t3", "t3", "t3", "t4"})
	expect(t, "breaks", breaks, 5)
}

func TestComesBackWhenTheServiceDoes(t *testing.T) {
	follow, fake := begin(t, context.Background(), FollowOptions{ResumeToken: "t0"}, nil,
		[]feed{{messages: messages{changes("t1", row("a", 1, 0))}, silence: true}})
	expect(t, "the first update", follow.Next(), true)
	fake.server.Stop()
	again := startQuery(t, fake.address, nil,
		[]feed{{messages: messages{changes("t2", row("a", 2, 0)), closing("t3", "END_REACHED")}}})
	expect(t, "updates", rest(follow), []string{"changes 2"})
	expect(t, "tokens", again.tokens(), []string{"t1"})
}

func TestWhoWasTooSlowGoesOnFromWhereItIsTold(t *testing.T) {
	follow, fake := begin(t, context.Background(), FollowOptions{ResumeToken: "t0"}, nil,
		[]feed{
			{err: failure(codes.ResourceExhausted, "TOO_SLOW", map[string]string{"resume_token": "t7"})},
			{messages: messages{closing("t8", "END_REACHED")}},
		})
	expect(t, "updates", rest(follow), []string(nil))
	expect(t, "tokens", fake.tokens(), []string{"t0", "t7"})
}

func TestListsAnewWhenTheTokenIsOfNoUse(t *testing.T) {
	for _, code := range []codes.Code{codes.OutOfRange, codes.FailedPrecondition, codes.Aborted} {
		t.Run(code.String(), func(t *testing.T) {
			follow, fake := begin(t, context.Background(), FollowOptions{ResumeToken: "old"},
				[]list{{err: failure(codes.Unavailable, "CATCHING_UP", nil)},
					{token: "n0", pages: pages{{row("a", 5, 0)}}}},
				[]feed{{err: failure(code, "X", nil)}, {messages: messages{closing("n1", "END_REACHED")}}})
			expect(t, "updates", rest(follow), []string{"snapshot 5"})
			expect(t, "tokens", fake.tokens(), []string{"old", "n0"})
		})
	}
}

func TestTellsWhatIsNoRow(t *testing.T) {
	retraction := &queryv1.Changes{Retracted: []*queryv1.Result{row("a", 1, 0)}}
	follow, _ := begin(t, context.Background(), FollowOptions{ResumeToken: "t0"}, nil,
		[]feed{{messages: messages{
			{ResumeToken: "t1", Event: &queryv1.SubscribeResponse_CaughtUp{}},
			{ResumeToken: "t2", Event: &queryv1.SubscribeResponse_Heartbeat{},
				ClosedThroughTime: &timestamppb.Timestamp{Seconds: 600}},
			{ResumeToken: "t3", Event: &queryv1.SubscribeResponse_Changes{Changes: retraction}},
			closing("t4", "END_REACHED")}}})
	var updates []string
	for follow.Next() {
		update := follow.Update()
		updates = append(updates, fmt.Sprint(update.Kind, " ", update.ResumeToken, " ",
			update.ClosedThroughTime.GetSeconds(), " ", len(update.Results), " ", len(update.Retracted)))
	}
	expect(t, "updates", updates, []string{"caught_up t1 0 0 0", "heartbeat t2 600 0 0", "changes t3 0 0 1"})
}

func TestPausesBeginAnewAfterAMessage(t *testing.T) {
	broken := feed{err: failure(codes.Unavailable, "X", nil)}
	follow, _ := begin(t, context.Background(), FollowOptions{ResumeToken: "t0"}, nil,
		[]feed{broken, broken, broken,
			{messages: messages{changes("t1", row("a", 1, 0)), closing("t2", "END_REACHED")}}})
	expect(t, "updates", rest(follow), []string{"changes 1"})
	if pause := follow.pauses.next(); pause > firstPause {
		t.Errorf("the next pause would be %v", pause)
	}
}

func TestErrorsThatDoNotPassEndTheFeed(t *testing.T) {
	for _, code := range []codes.Code{codes.InvalidArgument, codes.PermissionDenied, codes.NotFound} {
		err := failure(code, "X", nil)
		for of, script := range map[string]struct {
			lists []list
			feeds []feed
		}{
			"list":      {lists: []list{{err: err}}},
			"subscribe": {lists: []list{{token: "t0", pages: pages{{}}}}, feeds: []feed{{err: err}}},
		} {
			t.Run(fmt.Sprint(code, " of ", of), func(t *testing.T) {
				follow, fake := begin(t, context.Background(), FollowOptions{}, script.lists, script.feeds)
				rest(follow)
				expect(t, "code", status.Code(follow.Err()), code)
				expect(t, "reason", ErrorInfo(follow.Err()).GetReason(), "X")
				// Once, and not again.
				expect(t, "lists", len(fake.listed), 1)
				expect(t, "feeds", len(fake.subscribed), len(script.feeds))
			})
		}
	}
}

func TestFinalRowsOfAFilter(t *testing.T) {
	follow, fake := begin(t, context.Background(), FollowOptions{Filter: `type = "a"`, FinalOnly: true},
		[]list{{token: "t0", pages: pages{{}}}}, []feed{{messages: messages{closing("t1", "END_REACHED")}}})
	rest(follow)
	expect(t, "filter of the list", fake.listed[0].Filter, `(type = "a") AND final = true`)
	expect(t, "filter of the feed", fake.subscribed[0].Filter, `type = "a"`)
	expect(t, "final_only of the feed", fake.subscribed[0].FinalOnly, true)
}

func TestCancelEndsOneThatWaitsForAMessage(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	follow, fake := begin(t, ctx, FollowOptions{ResumeToken: "t0"}, nil,
		[]feed{{messages: messages{changes("t1", row("a", 1, 0))}, silence: true}})
	ended := make(chan []string, 1)
	go func() { ended <- rest(follow) }()
	await(t, "silence", fake.silent)
	cancel()
	await(t, "the feed's end", ended)
	expect(t, "error", follow.Err(), context.Canceled)
	await(t, "the end of the call", fake.left)
}

func TestCancelEndsOneThatPauses(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	broken := make(chan error, 1)
	follow, _ := begin(t, ctx, FollowOptions{ResumeToken: "t0", OnBreak: func(err error) { broken <- err }}, nil,
		[]feed{{err: failure(codes.Unavailable, "X", nil)}})
	follow.pauses = newPauses(time.Hour, time.Hour)
	ended := make(chan []string, 1)
	go func() { ended <- rest(follow) }()
	await(t, "a break", broken)
	cancel()
	await(t, "the feed's end", ended)
	expect(t, "error", follow.Err(), context.Canceled)
}

func TestCloseOfTheClientEndsItsFeeds(t *testing.T) {
	fake := startQuery(t, "", nil, []feed{{silence: true}})
	client := dial(t, Addresses{Query: fake.address})
	follow := client.Follow(context.Background(), view, FollowOptions{ResumeToken: "t0"})
	ended := make(chan []string, 1)
	go func() { ended <- rest(follow) }()
	await(t, "silence", fake.silent)
	client.Close()
	await(t, "the feed's end", ended)
	expect(t, "error", follow.Err(), ErrClosed)
}
