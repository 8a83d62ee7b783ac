#include "services/platform/kafka/client_properties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace windrow::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

TEST(ClientPropertiesTest, ReadsLines) {
  const auto properties = ParseProperties(
      "# who we are\n"
      "\n"
      "security.protocol = SASL_SSL\r\n"
      "sasl.password=a=b #c\n");
  ASSERT_TRUE(properties.ok()) << properties.status();
  EXPECT_THAT(*properties,
              ElementsAre(Pair("sasl.password", "a=b #c"), Pair("security.protocol", "SASL_SSL")));
}

TEST(ClientPropertiesTest, NamesTheWrongLineAndNothingSecret) {
  for (const char* text : {"a=b\nSECRET", "a=b\n=SECRET", "a=b\na=SECRET"}) {
    const absl::Status status = ParseProperties(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr("line 2")) << text;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("SECRET"))) << text;
  }
}

TEST(ClientPropertiesTest, TheEnvironmentWins) {
  const std::string path = absl::StrCat(testing::TempDir(), "/kafka.properties");
  std::ofstream(path) << "sasl.username=x\nsasl.password=file\n";
  const char* const environment[] = {"PATH=/bin", "WINDROW_KAFKA_SASL_PASSWORD=other",
                                     "WINDROW_KAFKA_=", "WINDROW_KAFKA_CONFIG=/x", nullptr};
  const auto properties = ReadProperties(path, environment);
  ASSERT_TRUE(properties.ok()) << properties.status();
  EXPECT_THAT(*properties, ElementsAre(Pair("sasl.password", "other"), Pair("sasl.username", "x")));
  const char* const none[] = {nullptr};
  EXPECT_THAT(*ReadProperties("", none), IsEmpty());
  EXPECT_EQ(ReadProperties("/no/such/file", none).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace windrow::kafka
