#ifndef BENCH_FANOUT_ROW_SUBSCRIBER_H_
#define BENCH_FANOUT_ROW_SUBSCRIBER_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "windrow/query/v1/query_service.grpc.pb.h"

namespace windrow::bench {

// One Subscribe call on a connection of its own, from now on. One that stalls reads the
// confirmation and nothing more, with the smallest window of flow control. Thread-safe.
class RowSubscriber : public grpc::ClientReadReactor<query::v1::SubscribeResponse> {
 public:
  struct Options {
    std::string address;
    std::string view;
    bool stalls = false;
    // Called with each message of changes that comes, by any thread.
    std::function<void(const query::v1::Changes&)> on_changes;
  };

  explicit RowSubscriber(const Options& options);
  // Cancels the call, and waits for its end.
  ~RowSubscriber() override;

  // Whether the call has been confirmed, and has not ended.
  bool confirmed();
  // Whether it has ended by itself, and how.
  bool ended(std::string* words);
  // Whether update number `update` of its row, or a later one, has come.
  bool HasRow(int row, int rows, int64_t update);
  int64_t messages();

  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

 private:
  const bool stalls_;
  const std::function<void(const query::v1::Changes&)> on_changes_;
  const std::unique_ptr<query::v1::QueryService::Stub> stub_;
  grpc::ClientContext context_;
  query::v1::SubscribeRequest request_;
  query::v1::SubscribeResponse message_;

  absl::Mutex mutex_;
  bool confirmed_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status status_ ABSL_GUARDED_BY(mutex_);
  int64_t messages_ ABSL_GUARDED_BY(mutex_) = 0;
  // The newest `accepted` of each row, by the number in its group.
  std::vector<int64_t> newest_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace windrow::bench

#endif  // BENCH_FANOUT_ROW_SUBSCRIBER_H_
