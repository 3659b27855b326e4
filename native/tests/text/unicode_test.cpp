// Characters and text as the tokenizer of CLIP sees them.
#include "text/unicode.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "text/utf8.h"

namespace allaprima::unicode {
namespace {

std::string refusal(std::string_view text) {
  try {
    decode_utf8(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kInvalidArgument);
    return error.what();
  }
  return "none";
}

TEST(Utf8, comes_back_as_it_went_in) {
  const std::string text = "a\u00e9\u20ac\U0001f600\U0010ffff";
  EXPECT_EQ(encode_utf8(decode_utf8(text)), text);
}

TEST(Utf8, names_the_first_wrong_byte) {
  EXPECT_NE(refusal("abc\xff").find("byte 3"), std::string::npos);
  EXPECT_NE(refusal("\u00e9\x80").find("byte 2"), std::string::npos);
}

TEST(Utf8, refuses_what_only_looks_like_it) {
  EXPECT_NE(refusal("\xc0\x80"), "none") << "overlong";
  EXPECT_NE(refusal("\xe0\x9f\xbf"), "none") << "overlong";
  EXPECT_NE(refusal("\xed\xa0\x80"), "none") << "surrogate";
  EXPECT_NE(refusal("\xf4\x90\x80\x80"), "none") << "beyond U+10FFFF";
  EXPECT_NE(refusal("\xe2\x82"), "none") << "cut short";
}

TEST(Utf8, is_repaired_with_one_mark_for_each_maximal_wrong_part) {
  EXPECT_EQ(repair_utf8("a\xe2\x82"), "a\ufffd");
  EXPECT_EQ(repair_utf8("\x80\x80z"), "\ufffd\ufffdz");
  EXPECT_EQ(repair_utf8("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");
}

TEST(Nfc, joins_a_letter_and_its_marks) {
  EXPECT_EQ(nfc(U"e\u0301"), U"\u00e9");
  EXPECT_EQ(nfc(U"o\u0302\u0323"), U"\u1ed9");
}

TEST(Nfc, puts_marks_in_order_of_their_class) {
  EXPECT_EQ(nfc(U"a\u0315\u0300\u05ae\u0300\u0062"), U"\u00e0\u05ae\u0300\u0315\u0062");
  EXPECT_EQ(nfc(U"q\u0307\u0323"), U"q\u0323\u0307");
}

TEST(Nfc, leaves_a_blocked_mark_alone) {
  EXPECT_EQ(nfc(U"e\u200d\u0301"), U"e\u200d\u0301");
  EXPECT_EQ(nfc(U"\u0301e"), U"\u0301e");
}

TEST(Nfc, replaces_singletons_and_excluded_characters) {
  EXPECT_EQ(nfc(U"\u212b"), U"\u00c5");
  EXPECT_EQ(nfc(U"\u0958"), U"\u0915\u093c");
}

TEST(Nfc, composes_hangul) {
  EXPECT_EQ(nfc(U"\u1112\u1161\u11ab"), U"\ud55c");
  EXPECT_EQ(nfc(U"\uac00\u11a8"), U"\uac01");
  EXPECT_EQ(nfc(U"\uac01\u11a8"), U"\uac01\u11a8");
}

TEST(LowerCase, takes_no_notice_of_neighbours) {
  EXPECT_EQ(to_lower(U"\u03a3\u039f\u03a3"), U"\u03c3\u03bf\u03c3");
}

TEST(LowerCase, writes_the_dotted_capital_i_as_two_characters) {
  EXPECT_EQ(to_lower(U"\u0130I"), U"i\u0307i");
}

TEST(LowerCase, knows_every_second_letter_blocks_and_far_pairs) {
  EXPECT_EQ(to_lower(U"\u0100\u0101\u0102"), U"\u0101\u0101\u0103");
  EXPECT_EQ(to_lower(U"\U00010400\U00010427\U00010428"), U"\U00010428\U0001044f\U00010428");
  EXPECT_EQ(to_lower(U"\u1e9e\u2126\u212a"), U"\u00df\u03c9k");
}

TEST(Classes, are_those_of_the_library) {
  EXPECT_TRUE(is_letter(U'\u732b'));
  EXPECT_TRUE(is_letter(U'\u02b0'));
  EXPECT_FALSE(is_letter(U'\u0301'));
  EXPECT_TRUE(is_number(U'\u00bd'));
  EXPECT_TRUE(is_number(U'\u2167'));
  EXPECT_FALSE(is_number(U'\u4e00')) << "the numeral one is a letter";
  EXPECT_TRUE(is_space(U'\u3000'));
  EXPECT_TRUE(is_space(U'\u0085'));
  EXPECT_FALSE(is_space(U'\u200b'));
  EXPECT_FALSE(is_space(U'\u180e'));
}

TEST(Classes, follow_the_version_of_unicode_of_each_part_of_the_library) {
  EXPECT_TRUE(is_letter(U'\ua7cb')) << "new in Unicode 16";
  EXPECT_FALSE(is_letter(U'\ua7ce')) << "new in Unicode 17";
  EXPECT_EQ(to_lower(U"\U00016ea0"), U"\U00016ebb") << "new in Unicode 17";
  EXPECT_EQ(nfc(U"a\u07fd\u0301"), U"a\u07fd\u0301") << "a mark since Unicode 11";
}

}  // namespace
}  // namespace allaprima::unicode
