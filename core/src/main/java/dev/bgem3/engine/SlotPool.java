package dev.bgem3.engine;

import dev.bgem3.error.DeviceLostException;
import dev.bgem3.io.QuietLogger;
import dev.bgem3.kernel.Workspace;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * The slots of a model's devices, and the one queue of those who wait for a free one: first come, first
 * served, whatever the device. Thread-safe.
 */
final class SlotPool implements AutoCloseable {
    private static final QuietLogger LOGGER = QuietLogger.of("dev.bgem3");

    /** One pass at a time on a device. */
    record Slot(ModelReplica device, Workspace workspace) {}

    /**
     * A thread that waits for a slot. It parks, and does not use a future or a condition, since those
     * allocate and, in a thread of a ForkJoinPool, start another thread: what they throw then would lose a
     * slot.
     */
    private static final class Turn extends TaskList.Task {
        private static final long MAX_PARK_NANOS = 20_000_000;

        private final Thread thread = Thread.currentThread();
        private volatile boolean answered;
        private Slot slot;

        void answer(Slot given) {
            slot = given;
            answered = true;
            run();
        }

        /** Wakes the thread. */
        @Override
        void run() {
            LockSupport.unpark(thread);
        }

        /**
         * A virtual thread parks for a moment only: where no memory is left it keeps its carrier while it is
         * parked, which the thread that has the slot may need to go on.
         */
        private void park() {
            if (!thread.isVirtual()) {
                LockSupport.park(this);
                return;
            }
            try {
                LockSupport.parkNanos(this, MAX_PARK_NANOS);
            } catch (OutOfMemoryError _) {
                Thread.yield(); // It needs memory for its timer.
            }
        }

        /** The slot, or null. An interrupt does not end the wait, and is kept. */
        Slot await() {
            boolean interrupted = false;
            while (!answered) {
                park();
                interrupted |= Thread.interrupted();
            }
            if (interrupted) {
                thread.interrupt();
            }
            return slot;
        }
    }

    private final String modelName;
    private final List<ModelReplica> devices;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition returned = lock.newCondition();
    /** While any is free nobody waits. */
    private final Queue<Slot> free = new ArrayDeque<>();
    /** Each is answered once: with a slot, or with none where there will be no more. */
    private final TaskList waiting = new TaskList();
    private final List<ModelReplica> lost = new ArrayList<>();
    private int lent;
    private boolean freed;
    /** These two are read without the lock, so that a call fails at once; written with it. */
    private volatile boolean closed;
    private volatile Optional<DeviceLostException> noDevice = Optional.empty();

    /**
     * Devices whose slots are all free.
     *
     * @param modelName
     *            for messages
     * @param devices
     *            this object's to close from now on
     */
    SlotPool(String modelName, List<ModelReplica> devices) {
        this.modelName = modelName;
        this.devices = List.copyOf(devices);
        // A slot of each device before the second of any: a few batches are spread over all devices.
        int most = devices.stream().mapToInt(device -> device.workspaces().size()).max().orElseThrow();
        for (int i = 0; i < most; i++) {
            for (ModelReplica device : devices) {
                if (i < device.workspaces().size()) {
                    free.add(new Slot(device, device.workspaces().get(i)));
                }
            }
        }
    }

    /** How many slots there are on the devices that are not lost. */
    int slotCount() {
        lock.lock();
        try {
            return devices.stream().filter(device -> !lost.contains(device))
                    .mapToInt(device -> device.workspaces().size()).sum();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Throws where no work can be done any more.
     *
     * @throws IllegalStateException
     *             if this is closed
     * @throws DeviceLostException
     *             if all devices are lost
     */
    void requireUsable() {
        if (closed) {
            throw new IllegalStateException("the model is closed: " + modelName);
        }
        noDevice.ifPresent(last -> {
            throw new DeviceLostException(last.getMessage(), last);
        });
    }

    /**
     * Waits for a slot and works on it; where its device is lost and another remains, works on that.
     *
     * @throws IllegalStateException
     *             as {@link #requireUsable()}
     * @throws DeviceLostException
     *             if the last device is lost
     */
    <T> T run(Function<Slot, T> work) {
        while (true) {
            Slot slot = take();
            try {
                return work.apply(slot);
            } catch (DeviceLostException e) {
                if (!othersRemain(slot.device(), e)) {
                    throw e;
                }
            } finally {
                giveBack(slot);
            }
        }
    }

    private Slot take() {
        Turn turn = new Turn();
        lock.lock();
        try {
            requireUsable();
            Slot slot = free.poll();
            if (slot != null) {
                lent++;
                return slot;
            }
            waiting.add(turn);
        } finally {
            lock.unlock();
        }
        Slot slot = turn.await();
        if (slot == null) {
            requireUsable();
        }
        return Objects.requireNonNull(slot);
    }

    private void giveBack(Slot slot) {
        lock.lock();
        try {
            lent--;
            Turn next = lost.contains(slot.device()) ? null : (Turn) waiting.poll();
            if (next != null) {
                lent++;
                next.answer(slot);
            } else if (!lost.contains(slot.device())) {
                free.add(slot);
            }
            if (lent == 0) {
                returned.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Takes a lost device's slots out, once, and says whether there is another device. */
    private boolean othersRemain(ModelReplica device, DeviceLostException why) {
        lock.lock();
        try {
            boolean remain = lost.size() + (lost.contains(device) ? 0 : 1) < devices.size();
            if (!lost.contains(device)) {
                lost.add(device);
                free.removeIf(slot -> slot.device() == device);
                if (remain) {
                    LOGGER.log(Level.WARNING, "{0} is lost, and the other devices go on: {1}", device.name(),
                            why.getMessage());
                } else {
                    noDevice = Optional.of(why);
                    refuseWaiting();
                }
            }
            return remain;
        } finally {
            lock.unlock();
        }
    }

    private void refuseWaiting() {
        for (Turn turn = (Turn) waiting.poll(); turn != null; turn = (Turn) waiting.poll()) {
            turn.answer(null);
        }
    }

    /**
     * Refuses those who wait, lets the work under way end, and closes the devices; closing again waits for
     * that.
     */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            refuseWaiting();
            while (lent > 0) {
                returned.awaitUninterruptibly();
            }
            if (!freed) {
                freed = true;
                closeAll(devices);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Closes each, whatever becomes of the others; the first failure is thrown. */
    static void closeAll(List<? extends ModelReplica> devices) {
        if (!devices.isEmpty()) {
            try {
                devices.getFirst().close();
            } finally {
                closeAll(devices.subList(1, devices.size()));
            }
        }
    }
}
