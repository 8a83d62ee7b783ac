#ifndef SERVICES_QUERY_SOURCE_CONTROL_READER_H_
#define SERVICES_QUERY_SOURCE_CONTROL_READER_H_

#include <functional>
#include <thread>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/query/core/served_pipelines.h"

namespace windrow::query {

// Reads the topic windrow.control from its beginning, on a thread of its own, for as long as it
// lives, and tells what is to be served.
class ControlReader {
 public:
  // `on_change` is called, on the reader's thread, when the end has been reached for the first
  // time, and after each change; with null while the topic is not there and never was.
  ControlReader(kafka::KafkaConfig kafka,
                std::function<void(const ServedPipelines* pipelines)> on_change);
  // Stops within a second or so.
  ~ControlReader();
  ControlReader(const ControlReader&) = delete;
  ControlReader& operator=(const ControlReader&) = delete;

 private:
  void Run();
  // Until trouble, or the end of this object.
  absl::Status ReadTopic();

  const kafka::KafkaConfig kafka_;
  const std::function<void(const ServedPipelines*)> on_change_;
  // Used by the thread only.
  bool has_read_ = false;
  absl::Notification stop_;
  std::thread thread_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SOURCE_CONTROL_READER_H_
