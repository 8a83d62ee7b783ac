#ifndef SERVICES_QUERY_QUERY_APP_H_
#define SERVICES_QUERY_QUERY_APP_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/metrics/metrics_server.h"
#include "services/platform/rpc/rpc_server.h"
#include "services/platform/rpc/server_options.h"
#include "services/query/core/readiness.h"
#include "services/query/core/served_pipelines.h"
#include "services/query/sink/query_service.h"
#include "services/query/sink/result_store.h"
#include "services/query/source/control_reader.h"
#include "services/query/source/results_reader.h"

namespace windrow::query {

// The query service as a whole: for each pipeline that is served a store and a reader that fills
// it, one reader of the control log, which says what is served, and one gRPC server over all of
// them. All calls come from one thread.
class QueryApp {
 public:
  struct Options {
    kafka::KafkaConfig kafka;
    // Where to listen; port 0 takes a free one.
    std::string listen = "127.0.0.1:7003";
    // Holds a directory per incarnation of a pipeline: "{id}", "{id}.v2" and so on.
    std::string store_dir = "./query-store";
    // Ids of the pipelines to serve; "all", or none, for those that the control log has. One that
    // is named is served although the log does not know it, as long as it was not deleted.
    std::vector<std::string> pipelines;
    int max_subscribers = 1000;
    // How long a subscriber may take nothing.
    absl::Duration subscriber_patience = absl::Minutes(1);
    rpc::ServerOptions rpc;
    // How far behind its pipeline's watermark a window is kept; infinite keeps all.
    absl::Duration retention = absl::InfiniteDuration();
    // Where to serve metrics; empty for nowhere.
    std::string metrics_address;
    // Of the log lines: "json" or "text".
    std::string log_format = "json";
  };

  // INVALID_ARGUMENT when the options make no sense; otherwise errors of the disk and the port.
  static absl::StatusOr<std::unique_ptr<QueryApp>> Create(Options options);
  // Stops reading, then ends all calls.
  ~QueryApp();
  QueryApp(const QueryApp&) = delete;
  QueryApp& operator=(const QueryApp&) = delete;

  // The port that the server listens on.
  int port() const { return server_->port(); }

  // Follows the control log, and says in the health service whether this replica is ready (see
  // Readiness).
  // Call every now and then.
  void Tend();

  // Ends all calls: feeds with a last token, the others when they are done.
  void Drain();

 private:
  // An incarnation that is read.
  struct Reading {
    int incarnation = 0;
    std::string directory;
    std::shared_ptr<ResultStore> store;
    // Ends before the store is discarded.
    std::unique_ptr<ResultsReader> reader;
  };
  struct Pipeline {
    Reading served;
    // One that takes its place once all of it has been read.
    absl::optional<Reading> next;
  };

  // What the control log says, see ServedPipelines.
  struct Told {
    std::map<std::string, int> served;
    std::set<std::string> deleted;
    ServedPipelines::Definitions definitions;
  };

  explicit QueryApp(Options options) : options_(std::move(options)) {}

  absl::Status Start();
  bool ServesAll() const { return options_.pipelines.empty(); }
  // Incarnations by id: what the disk has, as long as the control log could not be read.
  std::map<std::string, int> OnDisk() const;
  std::map<std::string, int> Wanted(const Told& told) const;
  absl::StatusOr<Reading> Open(const std::string& id, int incarnation);
  // Opens, switches and withdraws. An error concerns the disk.
  absl::Status Follow(const std::map<std::string, int>& wanted);
  absl::Status FollowOne(const std::string& id, int incarnation);
  // Tells the stores what they hold.
  void Describe(const ServedPipelines::Definitions& definitions);
  void Discard(Reading reading);
  // Removes what has been discarded, and nobody reads any more.
  void RemoveDiscarded();
  // Removes what an earlier process left behind.
  void RemoveLeftOvers(const Told& told);
  Holding HoldingOf(const ResultStore& store) const;
  bool DecideServing(bool known);

  const Options options_;
  absl::Mutex mutex_;
  // Absent until the log has been read.
  absl::optional<Told> told_ ABSL_GUARDED_BY(mutex_);
  // Whether there is none.
  bool no_log_ ABSL_GUARDED_BY(mutex_) = false;

  // In the order of who needs whom; destroyed from the end.
  std::unique_ptr<QueryService> service_;
  std::unique_ptr<metrics::MetricsServer> metrics_;
  std::unique_ptr<rpc::RpcServer> server_;
  std::map<std::string, Pipeline> pipelines_;
  std::map<std::string, std::weak_ptr<ResultStore>> discarded_;
  std::unique_ptr<ControlReader> control_;
  // Whether left-overs have been removed.
  bool cleaned_ = false;
  Readiness readiness_;
  bool serving_ = false;
  std::string last_trouble_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_QUERY_APP_H_
