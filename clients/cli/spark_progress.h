#ifndef CLIENTS_CLI_SPARK_PROGRESS_H_
#define CLIENTS_CLI_SPARK_PROGRESS_H_

#include <string>

#include "windrow/aggregator/v1/pipeline_service.pb.h"

namespace windrow::cli {

// The progress as Spark prints its StreamingQueryProgress
// (org.apache.spark.sql.streaming.StreamingQueryProgress.json, Spark 4.0): its fields in its order,
// numbers as numbers, rates with one decimal, offsets as objects.
std::string SparkProgressJson(const aggregator::v1::Progress& progress);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_SPARK_PROGRESS_H_
