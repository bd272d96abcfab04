package dev.bgem3.torch;

import dev.bgem3.error.ModelException;
import dev.bgem3.text.Messages;
import dev.bgem3.torch.PickleValue.Dict;
import dev.bgem3.torch.PickleValue.Global;
import dev.bgem3.torch.PickleValue.Int;
import dev.bgem3.torch.PickleValue.Scalar;
import dev.bgem3.torch.PickleValue.Sequence;
import dev.bgem3.torch.PickleValue.Storage;
import dev.bgem3.torch.PickleValue.Text;
import dev.bgem3.torch.PickleValue.Tuple;
import dev.bgem3.torch.PickleValue.View;
import dev.bgem3.weights.DType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs the pickle of a state dict, protocols 2 to 5, and builds nothing but {@link PickleValue}s. It rejects
 * every opcode and name that {@code torch.save} does not need for a state dict. Steps, stack and marks are
 * limited, and a value is no larger than its encoding, so that time and memory are proportional to the length
 * of the pickle. An instance runs once.
 */
final class PickleMachine {
    private static final int MAX_STEPS = 1_000_000;
    private static final int MAX_STACK = 1 << 16;
    private static final int MAX_MARKS = 1 << 10;
    /** PyTorch's own limit. It also bounds the copies of a size tuple that many tensors share. */
    private static final int MAX_DIMENSIONS = 64;
    private static final int MIN_PROTOCOL = 2;
    private static final int MAX_PROTOCOL = 5;

    private final byte[] code;
    private final String origin;
    private int position;
    private int opcodePosition;
    private final List<PickleValue> stack = new ArrayList<>();
    private final List<Integer> marks = new ArrayList<>();
    private final Map<Integer, PickleValue> memo = new HashMap<>();

    /**
     * Creates a machine for one pickle.
     *
     * @param origin
     *            the file and the entry, with which every message begins
     */
    PickleMachine(byte[] code, String origin) {
        this.code = code;
        this.origin = origin;
    }

    /**
     * Runs the pickle and returns its value.
     *
     * @throws ModelException
     *             if the pickle is malformed, builds anything but a state dict, or exceeds the limits
     */
    PickleValue run() {
        if (unsignedByte() != Opcode.PROTO || unsignedByte() > MAX_PROTOCOL || code[1] < MIN_PROTOCOL) {
            throw fault("found no pickle of protocol " + MIN_PROTOCOL + " to " + MAX_PROTOCOL
                    + " (expected: one)");
        }
        for (int step = 0; step < MAX_STEPS; step++) {
            opcodePosition = position;
            int opcode = unsignedByte();
            if (opcode == Opcode.STOP) {
                return result();
            }
            execute(opcode);
            if (stack.size() > MAX_STACK || marks.size() > MAX_MARKS) {
                throw fault("found more than " + MAX_STACK + " values or " + MAX_MARKS
                        + " marks on the stack (expected: fewer)");
            }
        }
        throw fault("found more than " + MAX_STEPS + " steps (expected: fewer)");
    }

    private PickleValue result() {
        if (stack.size() != 1 || !marks.isEmpty() || position != code.length) {
            throw fault("found the end with " + stack.size() + " values on the stack, " + marks.size()
                    + " marks and "
                    + (code.length - position) + " bytes left (expected: one value and nothing else)");
        }
        return stack.getFirst();
    }

    private void execute(int opcode) {
        switch (opcode) {
            case Opcode.FRAME -> requireLeft(littleEndian(Long.BYTES));
            case Opcode.MARK -> marks.add(stack.size());
            case Opcode.NONE -> push(new Scalar("None"));
            case Opcode.NEWTRUE -> push(new Scalar("True"));
            case Opcode.NEWFALSE -> push(new Scalar("False"));
            case Opcode.BINFLOAT -> {
                littleEndian(Double.BYTES);
                push(new Scalar("a floating-point number"));
            }
            case Opcode.BININT -> push(new Int((int) littleEndian(Integer.BYTES)));
            case Opcode.BININT1 -> push(new Int(littleEndian(1)));
            case Opcode.BININT2 -> push(new Int(littleEndian(2)));
            case Opcode.LONG1 -> push(new Int(signedLong()));
            case Opcode.SHORT_BINUNICODE -> push(text(littleEndian(1)));
            case Opcode.BINUNICODE -> push(text(littleEndian(Integer.BYTES)));
            case Opcode.BINUNICODE8 -> push(text(littleEndian(Long.BYTES)));
            case Opcode.EMPTY_TUPLE -> push(new Tuple(List.of()));
            case Opcode.TUPLE1 -> push(new Tuple(pop(1)));
            case Opcode.TUPLE2 -> push(new Tuple(pop(2)));
            case Opcode.TUPLE3 -> push(new Tuple(pop(3)));
            case Opcode.TUPLE -> push(new Tuple(popToMark()));
            case Opcode.EMPTY_LIST -> push(new Sequence());
            case Opcode.APPEND -> append(pop(1));
            case Opcode.APPENDS -> append(popToMark());
            case Opcode.EMPTY_DICT -> push(new Dict());
            case Opcode.SETITEM -> setItems(pop(2));
            case Opcode.SETITEMS -> setItems(popToMark());
            case Opcode.BINGET -> push(recall(littleEndian(1)));
            case Opcode.LONG_BINGET -> push(recall(littleEndian(Integer.BYTES)));
            case Opcode.BINPUT -> memo.put((int) littleEndian(1), peek());
            case Opcode.LONG_BINPUT -> memo.put((int) littleEndian(Integer.BYTES), peek());
            case Opcode.MEMOIZE -> memo.put(memo.size(), peek());
            case Opcode.GLOBAL -> push(global(line(), line()));
            case Opcode.STACK_GLOBAL -> {
                List<PickleValue> names = pop(2);
                push(global(string(names.get(0)), string(names.get(1))));
            }
            case Opcode.BINPERSID -> push(storage(pop(1).getFirst()));
            case Opcode.REDUCE -> reduce();
            case Opcode.BUILD -> build();
            default ->
                throw fault("found opcode 0x%02x (expected: one that a state dict needs)".formatted(opcode));
        }
    }

    private Global global(String module, String name) {
        String qualifiedName = module + "." + name;
        return Global.named(qualifiedName)
                .orElseThrow(() -> new ModelException(origin + ": refuses the global "
                        + Messages.printable(qualifiedName) + " (only state dicts of tensors are read)"));
    }

    /** Returns the storage of {@code ("storage", type, key, location, element count)}. */
    private Storage storage(PickleValue id) {
        if (id instanceof Tuple(List<PickleValue> elements) && elements.size() == 5
                && elements.get(0) instanceof Text(String kind) && kind.equals("storage")
                && elements.get(1) instanceof Global global && global.storageType().isPresent()
                && elements.get(2) instanceof Text(String key) && elements.get(3) instanceof Text
                && elements.get(4) instanceof Int(long elementCount)) {
            DType dtype = global.storageType().get();
            return new Storage(dtype, key, elementCount);
        }
        throw fault("found " + id.describe()
                + " as a persistent id (expected: (\"storage\", type, key, location, count))");
    }

    private void reduce() {
        List<PickleValue> call = pop(2);
        if (!(call.get(1) instanceof Tuple(List<PickleValue> arguments))) {
            throw fault("found " + call.get(1).describe() + " as arguments (expected: a tuple)");
        }
        push(switch (call.get(0)) {
            case Global function when function == Global.ORDERED_DICT && arguments.isEmpty() -> new Dict();
            case Global function when function == Global.REBUILD_TENSOR -> view(arguments);
            case Global function when function == Global.REBUILD_PARAMETER && !arguments.isEmpty()
                    && arguments.getFirst() instanceof View view ->
                view;
            default -> throw fault("found a call of " + call.get(0).describe() + " with " + arguments.size()
                    + " arguments (expected: a tensor, a parameter or an empty OrderedDict)");
        });
    }

    /**
     * Returns the tensor of {@code _rebuild_tensor_v2(storage, offset, size, stride, requires_grad,
     * backward_hooks, metadata=None)}.
     */
    private View view(List<PickleValue> arguments) {
        // Metadata contains flags such as "neg", which change the meaning of the storage.
        boolean plain = arguments.size() == 6 || arguments.size() == 7
                && (arguments.get(6) instanceof Scalar
                        || arguments.get(6) instanceof Dict dict && dict.members.isEmpty());
        if (plain && arguments.get(0) instanceof Storage storage
                && arguments.get(1) instanceof Int(long offset)) {
            return new View(storage, offset, longs(arguments.get(2)), longs(arguments.get(3)));
        }
        throw fault(
                "found a call of _rebuild_tensor_v2 with other arguments (expected: storage, offset, size,"
                        + " stride, requires_grad, backward_hooks and no metadata)");
    }

    private long[] longs(PickleValue value) {
        if (!(value instanceof Tuple(List<PickleValue> elements))) {
            throw fault("found " + value.describe() + " as a size or stride (expected: a tuple)");
        }
        if (elements.size() > MAX_DIMENSIONS) {
            throw fault(
                    "found " + elements.size() + " dimensions (expected: at most " + MAX_DIMENSIONS + ")");
        }
        long[] longs = new long[elements.size()];
        for (int i = 0; i < longs.length; i++) {
            if (!(elements.get(i) instanceof Int(long element))) {
                throw fault("found " + elements.get(i).describe()
                        + " in a size or stride (expected: an integer)");
            }
            longs[i] = element;
        }
        return longs;
    }

    /** Drops the attributes of an OrderedDict: the {@code _metadata} of a state dict, which is not needed. */
    private void build() {
        PickleValue state = pop(1).getFirst();
        if (!(peek() instanceof Dict) || !(state instanceof Dict)) {
            throw fault("found attributes for " + peek().describe()
                    + " (expected: a dict of them for an OrderedDict)");
        }
    }

    private void append(List<PickleValue> values) {
        if (!(peek() instanceof Sequence)) {
            throw fault(
                    "found " + values.size() + " values for " + peek().describe() + " (expected: a list)");
        }
    }

    private void setItems(List<PickleValue> items) {
        if (!(peek() instanceof Dict dict) || items.size() % 2 != 0) {
            throw fault("found " + items.size() + " keys and values for " + peek().describe()
                    + " (expected: pairs for a dict)");
        }
        for (int i = 0; i < items.size(); i += 2) {
            String key = string(items.get(i));
            if (dict.members.put(key, items.get(i + 1)) != null) {
                throw fault(
                        "found the key \"" + Messages.printable(key) + "\" again (expected: each key once)");
            }
        }
    }

    private PickleValue recall(long index) {
        PickleValue value = memo.get((int) index);
        if (value == null) {
            throw fault("found a use of memo " + index + " (expected: one that was put before)");
        }
        return value;
    }

    private void push(PickleValue value) {
        stack.add(value);
    }

    private PickleValue peek() {
        if (stack.size() <= floor()) {
            throw fault("found an empty stack (expected: a value)");
        }
        return stack.getLast();
    }

    private List<PickleValue> pop(int count) {
        if (stack.size() - count < floor()) {
            throw fault(
                    "found " + (stack.size() - floor()) + " values on the stack (expected: " + count + ")");
        }
        return cut(stack.size() - count);
    }

    private List<PickleValue> popToMark() {
        if (marks.isEmpty()) {
            throw fault("found no mark on the stack (expected: one)");
        }
        return cut(marks.removeLast());
    }

    private List<PickleValue> cut(int from) {
        List<PickleValue> top = stack.subList(from, stack.size());
        List<PickleValue> values = List.copyOf(top);
        top.clear();
        return values;
    }

    /** Returns the size of the stack at the last mark; the values below it are out of reach. */
    private int floor() {
        return marks.isEmpty() ? 0 : marks.getLast();
    }

    private String string(PickleValue value) {
        if (!(value instanceof Text(String string))) {
            throw fault("found " + value.describe() + " (expected: a string)");
        }
        return string;
    }

    private Text text(long length) {
        requireLeft(length);
        position += (int) length;
        return new Text(new String(code, position - (int) length, (int) length, StandardCharsets.UTF_8));
    }

    private String line() {
        int start = position;
        int next = unsignedByte();
        while (next != '\n') {
            next = unsignedByte();
        }
        return new String(code, start, position - 1 - start, StandardCharsets.UTF_8);
    }

    private long signedLong() {
        int length = unsignedByte();
        if (length > Long.BYTES) {
            throw fault("found an integer of " + length + " bytes (expected: at most " + Long.BYTES + ")");
        }
        int unused = Long.SIZE - length * 8;
        long value = littleEndian(length);
        return length == 0 ? 0 : value << unused >> unused;
    }

    private long littleEndian(int length) {
        long value = 0;
        for (int i = 0; i < length; i++) {
            value |= (long) unsignedByte() << 8 * i;
        }
        return value;
    }

    private int unsignedByte() {
        requireLeft(1);
        return Byte.toUnsignedInt(code[position++]);
    }

    private void requireLeft(long length) {
        if (length < 0 || length > code.length - position) {
            throw fault("found " + (code.length - position) + " bytes left (expected: "
                    + Long.toUnsignedString(length) + ")");
        }
    }

    private ModelException fault(String message) {
        return new ModelException(origin + ", byte " + opcodePosition + ": " + message);
    }

    /** The opcodes of a state dict, by their names in Python's pickle.py. */
    private static final class Opcode {
        static final int MARK = '(';
        static final int EMPTY_TUPLE = ')';
        static final int STOP = '.';
        static final int BINFLOAT = 'G';
        static final int BININT = 'J';
        static final int BININT1 = 'K';
        static final int BININT2 = 'M';
        static final int NONE = 'N';
        static final int BINPERSID = 'Q';
        static final int REDUCE = 'R';
        static final int BINUNICODE = 'X';
        static final int EMPTY_LIST = ']';
        static final int APPEND = 'a';
        static final int BUILD = 'b';
        static final int GLOBAL = 'c';
        static final int APPENDS = 'e';
        static final int BINGET = 'h';
        static final int LONG_BINGET = 'j';
        static final int BINPUT = 'q';
        static final int LONG_BINPUT = 'r';
        static final int SETITEM = 's';
        static final int TUPLE = 't';
        static final int SETITEMS = 'u';
        static final int EMPTY_DICT = '}';
        static final int PROTO = 0x80;
        static final int TUPLE1 = 0x85;
        static final int TUPLE2 = 0x86;
        static final int TUPLE3 = 0x87;
        static final int NEWTRUE = 0x88;
        static final int NEWFALSE = 0x89;
        static final int LONG1 = 0x8a;
        static final int SHORT_BINUNICODE = 0x8c;
        static final int BINUNICODE8 = 0x8d;
        static final int STACK_GLOBAL = 0x93;
        static final int MEMOIZE = 0x94;
        static final int FRAME = 0x95;

        private Opcode() {}
    }
}
