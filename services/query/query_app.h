#ifndef SERVICES_QUERY_QUERY_APP_H_
#define SERVICES_QUERY_QUERY_APP_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/rpc/rpc_server.h"
#include "services/query/sink/query_service.h"
#include "services/query/sink/result_store.h"
#include "services/query/source/results_reader.h"

namespace windrow::query {

// The query service as a whole: per pipeline a store and a reader that fills it, and one gRPC
// server over all of them.
class QueryApp {
 public:
  struct Options {
    kafka::KafkaConfig kafka;
    // Where to listen; port 0 takes a free one.
    std::string listen = "127.0.0.1:7003";
    // Holds a directory per pipeline.
    std::string store_dir = "./query-store";
    std::vector<std::string> pipelines = {"sf-calls"};
    int max_subscribers = 1000;
    // Of the log lines: "json" or "text".
    std::string log_format = "json";
  };

  // INVALID_ARGUMENT when the options make no sense; otherwise errors of the disk and the port.
  static absl::StatusOr<std::unique_ptr<QueryApp>> Create(const Options& options);
  // Stops reading, then ends all calls.
  ~QueryApp();
  QueryApp(const QueryApp&) = delete;
  QueryApp& operator=(const QueryApp&) = delete;

  // The port that the server listens on.
  int port() const { return server_->port(); }

  // Says in the health service whether all pipelines can be served. Call every now and then.
  void UpdateHealth();

  // Ends all calls: feeds with a last token, the others when they are done.
  void Drain();

 private:
  QueryApp() = default;

  // In the order of who needs whom; destroyed from the end.
  std::vector<std::unique_ptr<ResultStore>> stores_;
  std::unique_ptr<QueryService> service_;
  std::unique_ptr<rpc::RpcServer> server_;
  std::vector<std::unique_ptr<ResultsReader>> readers_;
  bool serving_ = false;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_QUERY_APP_H_
