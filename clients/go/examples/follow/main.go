// Lists the busiest rows of a view, changes how often the pipeline commits, then follows the view.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"windrow"
	pipelinev1 "windrow/gen/windrow/pipeline/v1"
	queryv1 "windrow/gen/windrow/query/v1"
)

var (
	query          = flag.String("query", "127.0.0.1:7003", "host:port of the query service")
	aggregator     = flag.String("aggregator", "127.0.0.1:7002", "host:port of the aggregator")
	pipeline       = flag.String("pipeline", "pipelines/sf-calls", "name of the pipeline")
	view           = flag.String("view", "calls-by-type", "id of the view")
	commitInterval = flag.Int("commit-interval-ms", 20, "new least time between two commits")
	until          = flag.String("until", "9999-12-31T00:00:00Z",
		"end when all windows that end at or before this time are final")
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	end, err := time.Parse(time.RFC3339, *until)
	if err != nil {
		return err
	}
	client, err := windrow.Dial(windrow.Addresses{Query: *query, Aggregator: *aggregator})
	if err != nil {
		return err
	}
	defer client.Close()
	view := *pipeline + "/views/" + *view

	busiest, err := client.Query.ListResults(ctx,
		&queryv1.ListResultsRequest{Parent: view, OrderBy: "count desc", PageSize: 3})
	if err != nil {
		return err
	}
	for _, result := range busiest.Results {
		fmt.Println("busiest:", windrow.Values(result)["count"], windrow.Group(result))
	}

	changed, err := client.ChangeSettings(ctx, *pipeline, func(settings *pipelinev1.Settings) {
		settings.CommitInterval = durationpb.New(time.Duration(*commitInterval) * time.Millisecond)
	})
	if err != nil {
		return err
	}
	fmt.Println("settings: generation", changed.Pipeline.Generation)

	rows := map[string]*queryv1.Result{}
	feed := client.Follow(ctx, view, windrow.FollowOptions{
		OnBreak: func(err error) { log.Print("the feed goes on after: ", err) },
	})
	for feed.Next() {
		update := feed.Update()
		if update.Kind == windrow.Snapshot {
			rows = map[string]*queryv1.Result{}
			fmt.Printf("listed: %d rows\n", len(update.Results))
		}
		for _, result := range update.Results {
			rows[windrow.RowKey(result)] = result
			if update.Kind == windrow.Changes {
				show(result)
			}
		}
		for _, result := range update.Retracted {
			delete(rows, windrow.RowKey(result))
		}
		if closed := update.ClosedThroughTime; closed != nil && !closed.AsTime().Before(end) {
			break
		}
	}
	if feed.Err() != nil {
		return feed.Err()
	}
	var records int64
	for _, result := range rows {
		records += result.Accepted
	}
	fmt.Printf("total: %d rows, %d records\n", len(rows), records)
	return nil
}

func show(result *queryv1.Result) {
	fmt.Printf("%s %d:%d %v %s\n", result.WindowStartTime.AsTime().Format(time.RFC3339),
		result.Version.Partition, result.Version.Offset, windrow.Values(result)["count"], windrow.Group(result))
}
