#ifndef CLIENTS_CLI_ACKNOWLEDGEMENT_TEXT_H_
#define CLIENTS_CLI_ACKNOWLEDGEMENT_TEXT_H_

#include <string>
#include <vector>

#include "windrow/aggregator/v1/pipeline_service.pb.h"

namespace windrow::cli {

// Which replicas have applied a change, as its answer tells.
struct Acknowledgements {
  // Of the answer of a call that changes a running pipeline.
  template <typename Response>
  static Acknowledgements Of(const Response& response) {
    return {{response.acknowledgements().begin(), response.acknowledgements().end()},
            {response.missing_replicas().begin(), response.missing_replicas().end()}};
  }

  // A line for people, such as "applied by a (0.21 s without partitions), b; not yet by c"; empty
  // when no replica runs the pipeline.
  std::string Text() const;

  // Members of a JSON object, each after a comma: ,"applied_by":["a","b"],"missing":["c"]
  std::string JsonMembers() const;

  std::vector<aggregator::v1::Acknowledgement> applied;
  // Names of those that were alive and had not.
  std::vector<std::string> missing;
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_ACKNOWLEDGEMENT_TEXT_H_
