package dev.bgem3.app.handler;

import dev.bgem3.error.BackendException;

/** Where a model may run. */
public final class Devices {
    static final String NO_CUDA = "no CUDA kernels are installed in this build";

    private Devices() {}

    /**
     * Checks that a device can serve.
     *
     * @throws BackendException
     *             where this build or machine does not have it
     * @throws UsageException
     *             where there is no such device
     */
    public static void check(String device) {
        if (device.matches("cuda(:\\d{1,4})?")) {
            throw new BackendException("device: " + device + ": " + NO_CUDA + " (--device cpu serves)");
        }
        if (!device.equals("auto") && !device.equals("cpu")) {
            throw new UsageException(
                    "--device: " + device + " (expected: auto, cpu, cuda or cuda:N)");
        }
    }
}
