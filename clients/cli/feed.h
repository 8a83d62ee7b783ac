#ifndef CLIENTS_CLI_FEED_H_
#define CLIENTS_CLI_FEED_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace windrow::cli {

// Keeps a server stream open on a thread of its own: when the stream ends, opens it again after a
// pause, until it is stopped. Thread-safe.
class Feed {
 public:
  // Opens the stream and reads it to its end; returns why it ended. Called again and again, on the
  // feed's thread, each time with a new context that Stop() cancels. The context has a deadline, so
  // that a server that hangs is left some time.
  using Attempt = absl::AnyInvocable<absl::Status(grpc::ClientContext*)>;

  explicit Feed(Attempt attempt);
  // Stops.
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  // Called by an attempt when there is nothing more to come: it is the last one.
  void Finish() ABSL_LOCKS_EXCLUDED(mutex_);
  bool finished() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Called by an attempt when it hears from the server: there is no trouble any more.
  void ReportAlive() ABSL_LOCKS_EXCLUDED(mutex_);

  // Why there is no stream right now, in one line; empty when all is well.
  std::string trouble() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run(Attempt attempt);
  // Makes a new context current; null when stopped.
  std::shared_ptr<grpc::ClientContext> NewContext() ABSL_LOCKS_EXCLUDED(mutex_);

  mutable absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::string trouble_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<grpc::ClientContext> context_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_FEED_H_
