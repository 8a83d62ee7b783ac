#ifndef SERVICES_QUERY_CORE_READINESS_H_
#define SERVICES_QUERY_CORE_READINESS_H_

#include <map>
#include <set>
#include <string>

namespace windrow::query {

// How much of a pipeline's results a replica holds.
enum class Holding {
  // All there was, and it can be read.
  kComplete,
  // Not all yet, or what it holds is damaged.
  kIncomplete,
  // There are none, and nobody asked for the pipeline by name.
  kNothingToRead,
};

// Whether a replica is ready for calls. One that starts waits for all pipelines that it is to
// serve. After that a new pipeline, of which nobody has had an answer yet, no longer holds up the
// others: only the loss of what was complete here does. One thread.
class Readiness {
 public:
  // `known` says that the pipelines are those that are to be served, and not only those that an
  // earlier process has left on the disk.
  bool Decide(bool known, const std::map<std::string, Holding>& pipelines);

 private:
  bool started_ = false;
  // Ids of pipelines that have been complete.
  std::set<std::string> completed_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_READINESS_H_
