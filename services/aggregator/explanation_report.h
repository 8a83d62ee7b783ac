#ifndef SERVICES_AGGREGATOR_EXPLANATION_REPORT_H_
#define SERVICES_AGGREGATOR_EXPLANATION_REPORT_H_

#include "services/aggregator/core/watermark_report.h"
#include "windrow/aggregator/v1/pipeline_service.pb.h"
#include "windrow/pipeline/v1/pipeline.pb.h"

namespace windrow::aggregator {

// Writes what holds windows back as the message that ExplainPipeline answers with, a sentence for
// people included.
void FillExplanation(const windrow::pipeline::v1::Pipeline& pipeline, const WatermarkReport& report,
                     v1::Explanation* explanation);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_EXPLANATION_REPORT_H_
