#ifndef SERVICES_AGGREGATOR_PIPELINE_DEFINITION_H_
#define SERVICES_AGGREGATOR_PIPELINE_DEFINITION_H_

#include <vector>

#include "services/platform/rpc/rpc_error.h"
#include "windrow/aggregator/v1/pipeline_service.pb.h"
#include "windrow/control/v1/control.pb.h"
#include "windrow/pipeline/v1/pipeline.pb.h"

namespace windrow::aggregator {

// What calls define pipelines with, checked and completed. Paths of violations are those of the
// request: "pipeline.views[1].window.sliding.slide".

// The pipeline of a creation with defaults and the versions of its tables filled in; everything
// that is wrong with the request otherwise.
windrow::pipeline::v1::Pipeline NewDefinition(const v1::CreatePipelineRequest& request,
                                              std::vector<rpc::FieldViolation>* violations);

// The pipeline after an update of what is there now, without settings; everything that is wrong
// with the request otherwise.
windrow::pipeline::v1::Pipeline ChangedDefinition(const v1::UpdatePipelineRequest& request,
                                                  const windrow::pipeline::v1::Pipeline& now,
                                                  std::vector<rpc::FieldViolation>* violations);

// What is wrong with where an incarnation is to begin, and how fast it may read.
void CheckStart(const windrow::control::v1::StartPoint& start, bool required,
                std::vector<rpc::FieldViolation>* violations);
void CheckBackfill(int64_t records_per_second, std::vector<rpc::FieldViolation>* violations);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_PIPELINE_DEFINITION_H_
