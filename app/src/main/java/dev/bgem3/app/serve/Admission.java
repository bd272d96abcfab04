package dev.bgem3.app.serve;

import dev.bgem3.Device;
import dev.bgem3.QueueState;
import dev.bgem3.app.api.InvalidRequestException;
import dev.bgem3.app.api.InvalidRequestException.Fault;
import java.util.List;
import java.util.function.Supplier;

/**
 * Checks the number of texts in a request, and reports those that were truncated.
 *
 * @param options
 *            the server's limits
 * @param queue
 *            supplies the current state of the queue
 */
record Admission(ServeOptions options, Supplier<QueueState> queue) {
    private static final int MAX_HEADER_LENGTH = 1000;

    /** Rejects a request without texts, or with too many. */
    void countWithin(String field, int count) {
        if (count == 0) {
            throw new InvalidRequestException(Fault.EMPTY, field + ": empty (expected: at least one text)");
        }
        if (count > options.maxClientBatchSize()) {
            throw new InvalidRequestException(Fault.VALIDATION, field + ": batch size " + count
                    + " > maximum allowed batch size " + options.maxClientBatchSize()
                    + " (--max-client-batch-size)");
        }
    }

    /** Rejects a request before its texts are tokenized if the queue would reject it afterwards. */
    void rejectOverload() {
        if (queue.get().freePermits() == 0) {
            throw new RefusedException(Refusal.Kind.OVERLOADED, "Model is overloaded: all "
                    + options.maxConcurrentRequests() + " permits are taken (--max-concurrent-requests)");
        }
    }

    /**
     * Names the truncated texts in a header, since not all response formats have a field for them. It is
     * short, since proxies limit headers: the first places, then {@code ...} if there are more.
     */
    static void reportTruncated(Exchange exchange, List<String> truncated) {
        if (!truncated.isEmpty()) {
            StringBuilder places = new StringBuilder(truncated.getFirst());
            for (String place : truncated.subList(1, truncated.size())) {
                if (places.length() > MAX_HEADER_LENGTH) {
                    places.append(",...");
                    break;
                }
                places.append(',').append(place);
            }
            exchange.header("x-truncated-inputs", places.toString());
        }
    }

    /** Returns the value of text-embeddings-inference's header {@code x-compute-type}. */
    static String computeType(List<Device> devices) {
        return devices.contains(Device.CPU) ? "cpu" : "gpu";
    }
}
