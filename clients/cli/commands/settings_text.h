#ifndef CLIENTS_CLI_COMMANDS_SETTINGS_TEXT_H_
#define CLIENTS_CLI_COMMANDS_SETTINGS_TEXT_H_

#include <string>

#include "windrow/aggregator/v1/pipeline_service.pb.h"

namespace windrow::cli {

// Prints a pipeline's settings to standard output.
void PrintSettings(const aggregator::v1::PipelineResource& pipeline, const std::string& format);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_COMMANDS_SETTINGS_TEXT_H_
