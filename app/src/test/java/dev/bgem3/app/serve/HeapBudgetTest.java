package dev.bgem3.app.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class HeapBudgetTest {
    private static final int MIB = 1 << 20;

    private static Refusal refusal(ThrowingCallable call) {
        RefusedException[] refused = new RefusedException[1];
        assertThatExceptionOfType(RefusedException.class).isThrownBy(call).satisfies(e -> refused[0] = e);
        return refused[0].refusal();
    }

    @Test
    void refusesBytesUntilOthersReleaseThem() {
        HeapBudget budget = new HeapBudget("requests", 10 * MIB);
        HeapBudget.Lease first = budget.lease();
        HeapBudget.Lease second = budget.lease();
        first.resize(6 * MIB);
        second.resize(3 * MIB);

        Refusal refusal = refusal(() -> second.resize(5 * MIB));
        assertThat(refusal.kind()).isEqualTo(Refusal.Kind.OVERLOADED);
        assertThat(refusal.message()).contains("no room for 2 MiB more of requests");
        assertThat(budget.taken()).isEqualTo(9 * MIB);

        first.resize(MIB);
        second.resize(5 * MIB);
        assertThat(budget.taken()).isEqualTo(6 * MIB);
        first.close();
        second.close();
        second.close();
        assertThat(budget.taken()).isZero();
    }

    @Test
    void rejectsWhatNeverFits() {
        Refusal refusal = refusal(() -> new HeapBudget("requests", MIB).lease().resize(MIB + 1));
        assertThat(refusal.kind()).isEqualTo(Refusal.Kind.VALIDATION);
        assertThat(refusal.message()).isEqualTo(
                "requests: 2 MiB of the heap (expected: at most 1): ask for less at a time");
    }

    @Test
    void childBudgetTakesFromItsParent() {
        HeapBudget whole = new HeapBudget("requests", 10 * MIB);
        HeapBudget part = new HeapBudget("vectors", 5 * MIB, whole);
        HeapBudget.Lease vectors = part.lease();
        vectors.resize(5 * MIB);
        assertThat(refusal(() -> part.lease().resize(1)).kind()).isEqualTo(Refusal.Kind.OVERLOADED);
        HeapBudget.Lease body = whole.lease();
        body.resize(5 * MIB);
        assertThat(refusal(() -> whole.lease().resize(1)).kind()).isEqualTo(Refusal.Kind.OVERLOADED);

        vectors.close();
        body.resize(10 * MIB);
        assertThat(refusal(() -> vectors.resize(1)).kind()).isEqualTo(Refusal.Kind.OVERLOADED);
        assertThat(part.taken()).isZero();
        assertThat(whole.taken()).isEqualTo(10 * MIB);
    }

    @Test
    void textOfTheLargestPayloadFits() {
        long heap = 64L * MIB;
        String text = "a word ".repeat((int) (HeapShares.largestPayload(heap) / 7));
        HeapShares.of(heap).requests().lease().resize(text.length() + HeapCost.heapToTokenize(text));
    }
}
