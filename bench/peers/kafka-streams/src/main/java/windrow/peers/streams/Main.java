package windrow.peers.streams;

import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import windrow.peers.Job;
import windrow.peers.Options;

/** Runs one form of the job on Kafka Streams until it is ended. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws InterruptedException {
    Options options = new Options(arguments);
    Properties properties = properties(options);
    Topology topology;
    if (options.text("form").equals("best")) {
      topology = BestForm.topology(options);
      BestForm.tune(properties, options);
    } else {
      topology = OrdinaryForm.topology(options);
    }
    run(new KafkaStreams(topology, properties));
  }

  private static Properties properties(Options options) {
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, options.text("id"));
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, options.text("kafka"));
    properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    properties.put(StreamsConfig.STATE_DIR_CONFIG, options.text("state_dir"));
    return properties;
  }

  private static void run(KafkaStreams streams) throws InterruptedException {
    CountDownLatch ended = new CountDownLatch(1);
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    streams.setStateListener(
        (now, before) -> {
          if (now == KafkaStreams.State.RUNNING) {
            Job.sayReady();
          } else if (now == KafkaStreams.State.ERROR) {
            ended.countDown();
          }
        });
    streams.start();
    ended.await();
    System.exit(1);
  }
}
