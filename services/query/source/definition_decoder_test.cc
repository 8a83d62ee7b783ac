#include "services/query/source/definition_decoder.h"

#include <google/protobuf/text_format.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace windrow::query {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(DefinitionDecoderTest, TellsWhatCanBeAddedUp) {
  pipeline::v1::Pipeline pipeline;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"pb(
                                                              views {
                                                                id: "a"
                                                                aggregates {
                                                                  name: "n"
                                                                  count {}
                                                                }
                                                                aggregates {
                                                                  name: "s"
                                                                  sum { field: "x" }
                                                                }
                                                                aggregates {
                                                                  name: "least"
                                                                  min { field: "x" }
                                                                }
                                                                aggregates {
                                                                  name: "greatest"
                                                                  max { field: "x" }
                                                                }
                                                                aggregates {
                                                                  name: "mean"
                                                                  avg { field: "x" }
                                                                }
                                                                aggregates {
                                                                  name: "different"
                                                                  count_distinct { field: "x" }
                                                                }
                                                                aggregates {
                                                                  name: "top"
                                                                  top_k { field: "x" }
                                                                }
                                                                aggregates { name: "unknown" }
                                                              }
                                                              views {
                                                                id: "b"
                                                                aggregates {
                                                                  name: "n"
                                                                  count {}
                                                                }
                                                              }
                                                            )pb",
                                                            &pipeline));
  const PipelineDefinition definition = DecodeDefinition(pipeline);
  ASSERT_EQ(definition.views.size(), 2u);
  std::vector<std::pair<std::string, TotalRule>> rules;
  for (const AggregateDefinition& aggregate : definition.views.at("a").aggregates) {
    rules.emplace_back(aggregate.name, aggregate.total_rule);
  }
  EXPECT_THAT(rules,
              ElementsAre(Pair("n", TotalRule::kSum), Pair("s", TotalRule::kSum),
                          Pair("least", TotalRule::kLeast), Pair("greatest", TotalRule::kGreatest),
                          Pair("mean", TotalRule::kNone), Pair("different", TotalRule::kNone),
                          Pair("top", TotalRule::kNone), Pair("unknown", TotalRule::kNone)));
  EXPECT_EQ(definition.views.at("b").aggregates.size(), 1u);
}

}  // namespace
}  // namespace windrow::query
