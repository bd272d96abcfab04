package dev.bgem3.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.testsupport.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.Random;

import org.junit.jupiter.api.Test;

class DecimalNumberTest {
    @Test
    void upToFifteenDigitsAreExact() {
        Random random = Seeds.random(DecimalNumberTest.class);
        for (int i = 0; i < 20_000; i++) {
            String decimal = (random.nextBoolean() ? "-" : "") + random.nextInt(100_000) + "."
                    + random.nextInt(1_000_000_000);
            assertThat(parse(decimal)).as(decimal).isEqualTo(Double.parseDouble(decimal));
        }
    }

    @Test
    void moreDigitsAreRoundedTwice() {
        // Digits beyond 2^53 are first rounded to a double, and then the quotient is rounded; digits beyond
        // 2^64 are dropped.
        assertThat(parse("-13.317049026489258")).isEqualTo(-(13317049026489258.0 / 1e15));
        assertThat(parse("123456789012345678901234567890")).isEqualTo(12345678901234567890.0 * 1e10);
        assertThat(parse("0.123456789012345678901234567890")).isEqualTo(12345678901234567890.0 / 1e20);
        assertThat(parse("1e-320")).isEqualTo(1 / 1e308 / 1e12);
        assertThat(parse("0e999999999999")).isZero();
        assertThat(parse("1e-999999999999")).isZero();
        assertThat(parse("2.5E+3")).isEqualTo(2500);
    }

    @Test
    void aFloatConvertsLikeItsDecimal() {
        Random random = Seeds.random(DecimalNumberTest.class);
        for (int i = 0; i < 20_000; i++) {
            float score = i % 10 == 0 ? Float.intBitsToFloat(random.nextInt()) : -20 * random.nextFloat();
            if (Float.isFinite(score)) {
                assertThat(DecimalNumber.throughDecimal(score)).as("%s", score)
                        .isEqualTo(parse(Double.toString(score)) + 0.0);
            }
        }
    }

    private static double parse(String decimal) {
        byte[] text = decimal.getBytes(StandardCharsets.US_ASCII);
        return DecimalNumber.parse(text, 0, text.length);
    }
}
