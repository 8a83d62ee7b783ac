#ifndef SERVICES_QUERY_SOURCE_DEFINITION_DECODER_H_
#define SERVICES_QUERY_SOURCE_DEFINITION_DECODER_H_

#include "services/query/core/pipeline_definition.h"
#include "windrow/pipeline/v1/pipeline.pb.h"

namespace windrow::query {

// What the control log says of a pipeline, as far as this service needs to know it. An aggregate
// that this release does not know cannot be added up.
PipelineDefinition DecodeDefinition(const pipeline::v1::Pipeline& pipeline);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SOURCE_DEFINITION_DECODER_H_
