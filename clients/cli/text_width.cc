#include "clients/cli/text_width.h"

#include <algorithm>

namespace windrow::cli {
namespace {

bool BeginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

}  // namespace

size_t TextWidth(absl::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), BeginsCharacter));
}

absl::string_view TextPrefix(absl::string_view text, size_t width) {
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (BeginsCharacter(text[i]) && ++characters > width) return text.substr(0, i);
  }
  return text;
}

}  // namespace windrow::cli
