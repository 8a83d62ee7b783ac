#include "services/aggregator/pipeline_resource.h"

#include "absl/strings/str_cat.h"
#include "services/aggregator/proto_time.h"
#include "services/aggregator/sink/pipeline_topics.h"
#include "services/aggregator/source/pipeline_loader.h"
#include "services/aggregator/source/pipeline_settings.h"

namespace windrow::aggregator {
namespace {

void FillIncarnation(const std::string& pipeline_id, const ControlledIncarnation& from,
                     v1::Incarnation* incarnation) {
  incarnation->set_number(from.number);
  incarnation->set_results_topic(PipelineTopics(pipeline_id, from.number).results);
  incarnation->set_generation(from.generation);
  windrow::control::v1::StartPoint* const start = incarnation->mutable_start();
  switch (from.start.kind) {
    case ControlledStart::Kind::kEarliest:
      start->set_earliest(true);
      break;
    case ControlledStart::Kind::kLatest:
      start->set_latest(true);
      break;
    case ControlledStart::Kind::kRecordTime:
      SetTime(absl::FromUnixMillis(from.start.record_time_ms), start->mutable_record_time());
      break;
  }
  incarnation->set_backfill_records_per_second(from.backfill_records_per_second);
}

}  // namespace

std::string Etag(const ControlledPipeline& pipeline) {
  return absl::StrCat("\"", pipeline.generation, "\"");
}

void FillResource(const ControlledPipeline& from, v1::PipelineResource* resource) {
  windrow::pipeline::v1::Pipeline* const shown = resource->mutable_pipeline();
  *shown = PipelineOf(from.newest());
  *shown->mutable_settings() = EffectiveSettings(from.settings, *shown);
  resource->set_etag(Etag(from));
  resource->set_generation(from.generation);
  resource->set_drain_generation(from.drain_generation);
  resource->set_plan_generation(from.plan_generation);
  resource->set_paused(from.paused);
  const std::string id = PipelineId(resource->pipeline().name());
  FillIncarnation(id, from.served, resource->mutable_served());
  if (from.next.has_value()) FillIncarnation(id, *from.next, resource->mutable_next());
}

}  // namespace windrow::aggregator
