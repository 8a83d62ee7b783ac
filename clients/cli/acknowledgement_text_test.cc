#include "clients/cli/acknowledgement_text.h"

#include <gtest/gtest.h>

namespace windrow::cli {
namespace {

aggregator::v1::PausePipelineResponse Response() {
  aggregator::v1::PausePipelineResponse response;
  response.add_acknowledgements()->set_replica("a");
  response.mutable_acknowledgements(0)->mutable_pause()->set_nanos(213'000'000);
  response.add_acknowledgements()->set_replica("b");
  response.add_missing_replicas("c \"c\"");
  return response;
}

TEST(AcknowledgementTextTest, NamesWhoHasAppliedAChangeAndWhoHasNot) {
  const Acknowledgements both = Acknowledgements::Of(Response());
  EXPECT_EQ(both.Text(), "applied by a (0.21 s without partitions), b; not yet by c \"c\"");
  EXPECT_EQ(both.JsonMembers(), R"(,"applied_by":["a","b"],"missing":["c \"c\""])");
}

TEST(AcknowledgementTextTest, SaysNothingOfNobody) {
  const Acknowledgements none = Acknowledgements::Of(aggregator::v1::ReconfigureResponse());
  EXPECT_EQ(none.Text(), "");
  EXPECT_EQ(none.JsonMembers(), R"(,"applied_by":[],"missing":[])");
}

}  // namespace
}  // namespace windrow::cli
