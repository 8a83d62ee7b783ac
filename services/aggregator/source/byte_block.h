#ifndef SERVICES_AGGREGATOR_SOURCE_BYTE_BLOCK_H_
#define SERVICES_AGGREGATOR_SOURCE_BYTE_BLOCK_H_

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include <cstdint>
#include <cstring>

namespace windrow::aggregator {

// Blocks look at several bytes of a text at once. Each has:
//   kBytes               how many; so many are read, whatever of them is asked about
//   Special(text)        bit i is set where byte i may not stand in a JSON string as it is: the
//                        quote, the backslash and controls (RFC 8259, section 7)
//   BeyondAscii(text)    where it is a part of a longer UTF-8 character
//   Different(one, two)  where two texts differ

// On any little-endian processor, a word at a time. The tricks are those of "Bit Twiddling Hacks",
// "Determine if a word has a zero byte", in the form that is exact for each byte.
struct WordBlock {
  static constexpr int kBytes = 8;

  static uint32_t Special(const char* text) {
    const uint64_t word = Load(text);
    return Mask(ZeroBytes(word ^ Each('"')) | ZeroBytes(word ^ Each('\\')) |
                ZeroBytes(word & Each(0xE0)));
  }
  static uint32_t BeyondAscii(const char* text) { return Mask(Load(text) & Each(0x80)); }
  static uint32_t Different(const char* one, const char* two) {
    return Mask(ZeroBytes(Load(one) ^ Load(two)) ^ Each(0x80));
  }

 private:
  static uint64_t Load(const char* text) {
    uint64_t word;
    std::memcpy(&word, text, sizeof(word));
    return word;
  }
  static constexpr uint64_t Each(unsigned char byte) { return uint64_t{0x0101010101010101} * byte; }
  // The top bit of each byte that is zero.
  static uint64_t ZeroBytes(uint64_t word) {
    return ~(((word & Each(0x7F)) + Each(0x7F)) | word | Each(0x7F));
  }
  // The top bits, side by side.
  static uint32_t Mask(uint64_t tops) {
    return static_cast<uint32_t>(((tops >> 7) * 0x0102040810204080) >> 56);
  }
};

#ifdef __AVX2__
struct AvxBlock {
  static constexpr int kBytes = 32;

  static uint32_t Special(const char* text) {
    const __m256i bytes = Load(text);
    const __m256i last_control = _mm256_set1_epi8(0x1F);
    return Mask(
        _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"')),
                                        _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\'))),
                        _mm256_cmpeq_epi8(_mm256_max_epu8(bytes, last_control), last_control)));
  }
  static uint32_t BeyondAscii(const char* text) { return Mask(Load(text)); }
  static uint32_t Different(const char* one, const char* two) {
    return ~Mask(_mm256_cmpeq_epi8(Load(one), Load(two)));
  }

 private:
  static __m256i Load(const char* text) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text));
  }
  static uint32_t Mask(__m256i bytes) { return static_cast<uint32_t>(_mm256_movemask_epi8(bytes)); }
};

using ByteBlock = AvxBlock;
#else
using ByteBlock = WordBlock;
#endif

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SOURCE_BYTE_BLOCK_H_
