import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import windrow.aggregator.v1.ReconfigureResponse;
import windrow.client.Client;
import windrow.client.FollowOptions;
import windrow.client.Rows;
import windrow.client.Update;
import windrow.query.v1.ListResultsRequest;
import windrow.query.v1.Result;

/**
 * Lists the busiest rows of a view, changes how often the pipeline commits, then follows the view.
 *
 * <p>Arguments: pairs of --query HOST:PORT, --aggregator HOST:PORT, --pipeline NAME, --view ID,
 * --commit-interval-ms N, and --until TIME, which ends it when all windows up to that time are final.
 */
public final class Follow {
  public static void main(String[] args) throws Exception {
    Map<String, String> flags =
        new HashMap<>(
            Map.of(
                "--query", "127.0.0.1:7003",
                "--aggregator", "127.0.0.1:7002",
                "--pipeline", "pipelines/sf-calls",
                "--view", "calls-by-type",
                "--commit-interval-ms", "20",
                "--until", "9999-12-31T00:00:00Z"));
    for (int i = 0; i + 1 < args.length; i += 2) {
      flags.put(args[i], args[i + 1]);
    }
    String pipeline = flags.get("--pipeline");
    String view = pipeline + "/views/" + flags.get("--view");
    Timestamp until = Timestamps.parse(flags.get("--until"));

    try (Client client = new Client(flags.get("--query"), flags.get("--aggregator"), "127.0.0.1:7001")) {
      ListResultsRequest request =
          ListResultsRequest.newBuilder().setParent(view).setOrderBy("count desc").setPageSize(3).build();
      for (Result result : client.query().listResults(request).getResultsList()) {
        System.out.println("busiest: " + Rows.values(result).get("count") + " " + group(result));
      }

      long interval = Long.parseLong(flags.get("--commit-interval-ms"));
      ReconfigureResponse changed =
          client.changeSettings(
              pipeline, settings -> settings.setCommitInterval(Durations.fromMillis(interval)));
      System.out.println("settings: generation " + changed.getPipeline().getGeneration());

      follow(client, view, until);
    }
  }

  private static void follow(Client client, String view, Timestamp until) {
    Map<Rows.Key, Result> rows = new HashMap<>();
    FollowOptions options =
        FollowOptions.DEFAULT.withOnBreak(error -> System.err.println("the feed goes on after: " + error));
    try (var feed = client.follow(view, options)) {
      while (feed.hasNext()) {
        Update update = feed.next();
        if (update.kind() == Update.Kind.SNAPSHOT) {
          rows.clear();
          System.out.println("listed: " + update.results().size() + " rows");
        }
        for (Result result : update.results()) {
          rows.put(Rows.key(result), result);
          if (update.kind() == Update.Kind.CHANGES) {
            show(result);
          }
        }
        update.retracted().forEach(result -> rows.remove(Rows.key(result)));
        if (update.closedThroughTime().filter(time -> Timestamps.compare(time, until) >= 0).isPresent()) {
          break;
        }
      }
    }
    long records = rows.values().stream().mapToLong(Result::getAccepted).sum();
    System.out.println("total: " + rows.size() + " rows, " + records + " records");
  }

  private static void show(Result result) {
    System.out.println(
        Timestamps.toString(result.getWindowStartTime())
            + " " + result.getVersion().getPartition() + ":" + result.getVersion().getOffset()
            + " " + Rows.values(result).get("count")
            + " " + group(result));
  }

  private static String group(Result result) {
    return Rows.group(result).values().stream().map(String::valueOf).collect(Collectors.joining(", "));
  }
}
