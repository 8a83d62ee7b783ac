#include "clients/cli/line_reader.h"

#include <unistd.h>

#include <vector>

#include "gtest/gtest.h"

namespace windrow::cli {
namespace {

using Next = LineReader::Next;

class LineReaderTest : public testing::Test {
 protected:
  LineReaderTest() { EXPECT_EQ(pipe(ends_), 0); }
  ~LineReaderTest() override {
    close(ends_[0]);
    CloseWriter();
  }

  void Write(const std::string& text) {
    ASSERT_EQ(write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void CloseWriter() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }

  int ends_[2];
};

TEST_F(LineReaderTest, GivesLinesAndTheLastWithoutAnEnd) {
  Write("one\n\ntwo\r\nthree");
  CloseWriter();
  LineReader reader(ends_[0]);
  std::string line;
  for (const char* const expected : {"one", "", "two", "three"}) {
    const auto next = reader.Read(absl::Seconds(10), &line);
    ASSERT_TRUE(next.ok());
    EXPECT_EQ(*next, Next::kLine);
    EXPECT_EQ(line, expected);
  }
  EXPECT_EQ(reader.number(), 4);
  EXPECT_EQ(*reader.Read(absl::Seconds(10), &line), Next::kEnd);
}

TEST_F(LineReaderTest, WaitsForTheRestOfALine) {
  Write("begin");
  LineReader reader(ends_[0]);
  std::string line;
  EXPECT_EQ(*reader.Read(absl::Milliseconds(1), &line), Next::kNothingYet);
  Write(" end\nnext");
  EXPECT_EQ(*reader.Read(absl::Seconds(10), &line), Next::kLine);
  EXPECT_EQ(line, "begin end");
  EXPECT_EQ(*reader.Read(absl::Milliseconds(1), &line), Next::kNothingYet);
}

TEST_F(LineReaderTest, RefusesALineThatIsTooLong) {
  Write("short\n" + std::string(20, 'x'));
  LineReader reader(ends_[0], 10);
  std::string line;
  EXPECT_EQ(*reader.Read(absl::Seconds(10), &line), Next::kLine);
  const auto next = reader.Read(absl::Seconds(10), &line);
  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.status().message(), "line 2 is longer than 10 bytes");
}

}  // namespace
}  // namespace windrow::cli
