#ifndef SERVICES_PLATFORM_KAFKA_GROUP_METADATA_H_
#define SERVICES_PLATFORM_KAFKA_GROUP_METADATA_H_

#include <memory>
#include <string>
#include <utility>

#include "services/platform/kafka/kafka_config.h"
#include "services/platform/record_log/group_consumer.h"

namespace windrow::kafka {

using record_log::GroupMetadataHandle;

// librdkafka's form of a group's metadata.
class ClientGroupMetadata : public record_log::GroupMetadata {
 public:
  using Handle = std::unique_ptr<
      rd_kafka_consumer_group_metadata_t,
      HandleDeleter<rd_kafka_consumer_group_metadata_t, rd_kafka_consumer_group_metadata_destroy>>;

  explicit ClientGroupMetadata(Handle handle) : handle_(std::move(handle)) {}

  const rd_kafka_consumer_group_metadata_t* get() const { return handle_.get(); }

  // Of nobody in the group: what is committed with it is not fenced.
  static GroupMetadataHandle OfNoMember(const std::string& group) {
    return std::make_unique<ClientGroupMetadata>(
        Handle(rd_kafka_consumer_group_metadata_new(group.c_str())));
  }

 private:
  const Handle handle_;
};

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_GROUP_METADATA_H_
