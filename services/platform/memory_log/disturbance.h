#ifndef SERVICES_PLATFORM_MEMORY_LOG_DISTURBANCE_H_
#define SERVICES_PLATFORM_MEMORY_LOG_DISTURBANCE_H_

#include <string>

#include "absl/time/time.h"

namespace windrow::memory_log {

// What a client asks of the cluster.
enum class Call {
  kJoin,
  kPoll,
  kRead,
  kAssign,
  kCommitted,
  kQueryOffsets,
  kClose,
  kOpenReader,
  kReadLog,
  kTakeId,
  kBegin,
  kSendOffsets,
  kProduce,
  kFlush,
  kCommit,
  kAbort,
};

// What becomes of a call.
enum class Fate {
  kDone,
  // The request gets lost: the client gives up at its deadline.
  kLost,
  // It is carried out, but the answer gets lost: the client gives up at its deadline.
  kUnanswered,
  // It fails in a way that the client can go on from.
  kRefused,
  // It is carried out twice: the answer to the second copy, which was sent for want of one to the
  // first, comes in time; the first copy arrives later than that. For kCommit.
  kRepeated,
};

// Decides what goes wrong in a MemoryCluster. This one: nothing. Each of its functions may throw,
// which is how a process dies in the middle of a call, and let others act.
class Disturbance {
 public:
  virtual ~Disturbance() = default;

  // A client calls; nothing has been done yet.
  virtual void OnCall(const std::string& /*client_id*/, Call /*call*/) {}
  // It has been done; the client does not know yet.
  virtual void OnReturn(const std::string& /*client_id*/, Call /*call*/) {}
  // For the calls of producers and kCommitted, kQueryOffsets and kTakeId.
  virtual Fate FateOf(const std::string& /*client_id*/, Call /*call*/) { return Fate::kDone; }
  // How long until one partition or group learns how a transaction ended.
  virtual absl::Duration MarkerDelay() { return absl::ZeroDuration(); }
  // How late the first copy of a repeated request arrives.
  virtual absl::Duration RepeatDelay() { return absl::Milliseconds(10); }
  // How many of the `wanted` events of a partition have been fetched, from 0.
  virtual int Fetched(int wanted) { return wanted; }
  // How many offsets a consumer goes back, to deliver again what it has delivered.
  virtual int Redelivered() { return 0; }
};

}  // namespace windrow::memory_log

#endif  // SERVICES_PLATFORM_MEMORY_LOG_DISTURBANCE_H_
