package dev.bgem3.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.error.ModelException;
import dev.bgem3.torch.PickleValue.Dict;
import dev.bgem3.torch.PickleValue.Int;
import dev.bgem3.torch.PickleValue.Text;
import dev.bgem3.torch.PickleValue.Tuple;
import dev.bgem3.torch.PickleValue.View;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class PickleMachineTest {
    private static PickleMaker pickle() {
        return new PickleMaker().proto();
    }

    private static PickleValue run(PickleMaker pickle) {
        return new PickleMachine(pickle.bytes(), "x/data.pkl").run();
    }

    private static void refuses(PickleMaker pickle, String message) {
        assertThatThrownBy(() -> run(pickle)).isInstanceOf(ModelException.class)
                .hasMessage("x/data.pkl" + message);
    }

    @Test
    void readsPlainValues() {
        Tuple tuple = (Tuple) run(pickle().raw('(', 'N', 0x88, 0x89).raw('K', 200).raw('M', 1, 2)
                .raw('J', 0xfe, 0xff, 0xff, 0xff).raw(0x8a, 0).raw(0x8a, 1, 0xff).raw(0x8a, 2, 0, 1)
                .integer(Long.MIN_VALUE).text("é").raw(0x8c, 1, 'a').raw(0x8d, 1, 0, 0, 0, 0, 0, 0, 0, 'b')
                .raw('G', 0, 0, 0, 0, 0, 0, 0, 0).raw(']', 'K', 1, 'a', '(', 'K', 2, 'e').raw('t', '.'));
        assertThat(tuple.elements().stream().map(PickleValue::describe)).containsExactly("None", "True",
                "False",
                "the integer 200", "the integer 513", "the integer -2", "the integer 0", "the integer -1",
                "the integer 256", "the integer -9223372036854775808", "the string \"?\"", "the string \"a\"",
                "the string \"b\"", "a floating-point number", "a list");
        assertThat(tuple.elements().get(10)).isEqualTo(new Text("é"));
    }

    @Test
    void readsTuplesAndMemo() {
        Tuple tuple = (Tuple) run(pickle().raw('K', 1, 'q', 7, 0x85, 'h', 7, 0x86, 'K', 2, 0x94, 'h', 7, 0x87)
                .raw('r', 0, 0, 1, 0, 'j', 0, 0, 1, 0, 0x86, '.'));
        assertThat(tuple.elements().get(0)).isSameAs(tuple.elements().get(1));
        Tuple three = (Tuple) tuple.elements().get(0);
        assertThat(three.elements().get(1)).isEqualTo(new Int(2));
        assertThat(three.elements().get(2)).isEqualTo(new Int(1));
    }

    @Test
    void readsTheOpcodesOfProtocolFour() {
        byte[] name = "_rebuild_tensor_v2".getBytes(StandardCharsets.UTF_8);
        PickleMaker maker = new PickleMaker().raw(0x80, 4, 0x95, 3, 0, 0, 0, 0, 0, 0, 0).raw('}', 0x94, '(')
                .raw(0x8c, 1, 'w', 0x94).raw(0x8c, 12).raw("torch._utils".chars().toArray()).raw(0x94)
                .raw(0x8c, name.length).raw(new String(name, StandardCharsets.UTF_8).chars().toArray())
                .raw(0x94, 0x93)
                .raw('(').storage("HalfStorage", "0", 6)
                .raw('K', 0, 'K', 2, 'K', 3, 0x86, 'K', 3, 'K', 1, 0x86, 0x89)
                .orderedDict().raw('t', 'R', 'u', '.');
        View view = (View) ((Dict) run(maker)).members.get("w");
        assertThat(view.size()).containsExactly(2, 3);
        assertThat(view.stride()).containsExactly(3, 1);
    }

    @Test
    void unwrapsParametersAndDropsAttributes() {
        Dict dict = (Dict) run(pickle().orderedDict().text("w").global("torch._utils", "_rebuild_parameter")
                .raw('(')
                .tensor("FloatStorage", "0", 1, 0, new long[]{1}, new long[]{1}).raw(0x88).orderedDict()
                .raw('t', 'R', 's', '}').text("_metadata").orderedDict().text("").raw('}').text("version")
                .raw('K', 1, 's', 's', 's', 'b', '.'));
        assertThat(dict.members.keySet()).containsExactly("w");
        assertThat(dict.members.get("w")).isInstanceOf(View.class);
    }

    @Test
    void refusesForeignGlobalsByName() {
        // The output of pickle.dumps for an object whose __reduce__ is os.system("id").
        refuses(pickle().global("os", "system").text("id").raw(0x85, 'R', '.'),
                ": refuses the global os.system (only state dicts of tensors are read)");
        refuses(pickle().raw(0x8c, 8).raw("builtins".chars().toArray()).raw(0x8c, 4)
                .raw("eval".chars().toArray())
                .raw(0x93, '.'), ": refuses the global builtins.eval (only state dicts of tensors are read)");
        refuses(pickle().global("torch", "ComplexFloatStorage").raw('.'),
                ": refuses the global torch.ComplexFloatStorage (only state dicts of tensors are read)");
        refuses(pickle().global("a\u001b[31m", "x".repeat(200)).raw('.'), ": refuses the global a?[31m."
                + "x".repeat(93) + "... (only state dicts of tensors are read)");
    }

    @Test
    void refusesOpcodesThatAStateDictDoesNotNeed() {
        // INST, OBJ, NEWOBJ, NEWOBJ_EX, EXT1, PERSID, INT, LONG4, DUP, POP, EMPTY_SET and BYTEARRAY8.
        for (int opcode : new int[]{'i', 'o', 0x81, 0x92, 0x82, 'P', 'I', 0x8b, '2', '0', 0x8f, 0x96, 0,
                0xff}) {
            refuses(pickle().raw(opcode, '.'),
                    ", byte 2: found opcode 0x%02x (expected: one that a state dict needs)"
                            .formatted(opcode));
        }
    }

    @Test
    void refusesOtherProtocols() {
        refuses(new PickleMaker().raw(0x80, 1, 'N', '.'),
                ", byte 0: found no pickle of protocol 2 to 5 (expected: one)");
        refuses(new PickleMaker().raw(0x80, 6, 'N', '.'),
                ", byte 0: found no pickle of protocol 2 to 5 (expected: one)");
        refuses(new PickleMaker().raw('}', '.'),
                ", byte 0: found no pickle of protocol 2 to 5 (expected: one)");
        refuses(new PickleMaker(), ", byte 0: found 0 bytes left (expected: 1)");
    }

    @Test
    void refusesCallsWithOtherArguments() {
        refuses(pickle().global("collections", "OrderedDict").raw(')', 0x85, 'R', '.'),
                ", byte 29: found a call of"
                        + " collections.OrderedDict with 1 arguments"
                        + " (expected: a tensor, a parameter or an empty OrderedDict)");
        refuses(pickle().global("torch", "FloatStorage").raw(')', 'R', '.'), ", byte 23: found a call of"
                + " torch.FloatStorage with 0 arguments"
                + " (expected: a tensor, a parameter or an empty OrderedDict)");
        refuses(pickle().global("torch._utils", "_rebuild_tensor_v2").raw(')', 'R', '.'),
                ", byte 36: found a call of _rebuild_tensor_v2 with other arguments"
                        + " (expected: storage, offset, size,"
                        + " stride, requires_grad, backward_hooks and no metadata)");
        refuses(pickle().raw('}', 'N', 'R', '.'), ", byte 4: found None as arguments (expected: a tuple)");
        refuses(pickle().global("torch._utils", "_rebuild_tensor_v2").raw('(').storage("FloatStorage", "0", 1)
                .raw('K', 0, ')', 'N', 'N', ')', 't', 'R', '.'),
                ", byte 97: found None as a size or stride (expected: a tuple)");
        refuses(pickle().global("torch._utils", "_rebuild_tensor_v2").raw('(').storage("FloatStorage", "0", 1)
                .raw('K', 0, 'N', 0x85, ')', 'N', ')', 't', 'R', '.'),
                ", byte 98: found None in a size or stride (expected: an integer)");
    }

    @Test
    void refusesMoreDimensionsThanPyTorchHas() {
        refuses(pickle().tensor("FloatStorage", "0", 1, 0, new long[65], new long[65]).raw('.'),
                ", byte 778: found 65 dimensions (expected: at most 64)");
    }

    @Test
    void refusesTensorsWithMetadata() {
        // {"neg": True} would negate the numbers in the storage.
        refuses(pickle().global("torch._utils", "_rebuild_tensor_v2").raw('(').storage("FloatStorage", "0", 1)
                .raw('K', 0, ')', ')', 0x89, ')', '}').text("neg").raw(0x88, 's', 't', 'R', '.'),
                ", byte 108: found a call of _rebuild_tensor_v2 with other arguments"
                        + " (expected: storage, offset, size,"
                        + " stride, requires_grad, backward_hooks and no metadata)");
    }

    @Test
    void refusesPersistentIdsThatAreNotStorages() {
        refuses(pickle().raw('N', 'Q', '.'),
                ", byte 3: found None as a persistent id"
                        + " (expected: (\"storage\", type, key, location, count))");
        refuses(pickle().raw('(').text("storage").global("collections", "OrderedDict").text("0").text("cpu")
                .integer(1).raw('t', 'Q', '.'),
                ", byte 60: found a tuple of 5 as a persistent id"
                        + " (expected: (\"storage\", type, key, location, count))");
    }

    @Test
    void refusesAStackThatLacksTheOperandsOfAnOpcode() {
        refuses(pickle().raw('.'),
                ", byte 2: found the end with 0 values on the stack, 0 marks and 0 bytes left"
                        + " (expected: one value and nothing else)");
        refuses(pickle().raw('N', '.', 'N'),
                ", byte 3: found the end with 1 values on the stack, 0 marks and 1 bytes"
                        + " left (expected: one value and nothing else)");
        refuses(pickle().raw(0x86, '.'), ", byte 2: found 0 values on the stack (expected: 2)");
        refuses(pickle().raw('t', '.'), ", byte 2: found no mark on the stack (expected: one)");
        refuses(pickle().raw('N', '(', 'Q', '.'), ", byte 4: found 0 values on the stack (expected: 1)");
        refuses(pickle().raw('q', 0, '.'), ", byte 2: found an empty stack (expected: a value)");
        refuses(pickle().raw('h', 3, '.'),
                ", byte 2: found a use of memo 3 (expected: one that was put before)");
        refuses(pickle().raw('N', '(', 'K', 1, 'u', '.'),
                ", byte 6: found 1 keys and values for None (expected: pairs for a dict)");
        refuses(pickle().raw('}', '(', 'K', 1, 'u', '.'),
                ", byte 6: found 1 keys and values for a dict of 0 (expected: pairs for a dict)");
        refuses(pickle().raw('}', 'K', 1, 'N', 's', '.'),
                ", byte 6: found the integer 1 (expected: a string)");
        refuses(pickle().raw('}', 'N', 'a', '.'),
                ", byte 4: found 1 values for a dict of 0 (expected: a list)");
        refuses(pickle().raw('N', '}', 'b', '.'),
                ", byte 4: found attributes for None (expected: a dict of them for an OrderedDict)");
        refuses(pickle().raw('}').text("a").raw('N', 's').text("a").raw('N', 's', '.'),
                ", byte 18: found the key \"a\" again (expected: each key once)");
    }

    @Test
    void refusesLengthsBeyondTheEnd() {
        refuses(pickle().raw('X', 0xff, 0xff, 0xff, 0xff, 'a'),
                ", byte 2: found 1 bytes left (expected: 4294967295)");
        refuses(pickle().raw(0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'a'),
                ", byte 2: found 1 bytes left (expected: 18446744073709551615)");
        refuses(pickle().raw(0x95, 9, 0, 0, 0, 0, 0, 0, 0, 'N'),
                ", byte 2: found 1 bytes left (expected: 9)");
        refuses(pickle().raw(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1),
                ", byte 2: found an integer of 9 bytes (expected: at most 8)");
        refuses(pickle().raw('c', 'o', 's'), ", byte 2: found 0 bytes left (expected: 1)");
    }

    @Test
    void refusesEndlessStacksMarksAndRuns() {
        int[] nones = new int[70_000];
        Arrays.fill(nones, 'N');
        refuses(pickle().raw(nones),
                ", byte 65538: found more than 65536 values or 1024 marks on the stack (expected: fewer)");
        int[] marks = new int[2_000];
        Arrays.fill(marks, '(');
        refuses(pickle().raw(marks),
                ", byte 1026: found more than 65536 values or 1024 marks on the stack (expected: fewer)");
        int[] steps = new int[2_000_000];
        Arrays.fill(steps, 'N');
        steps[0] = ']';
        for (int i = 2; i < steps.length; i += 2) {
            steps[i] = 'a';
        }
        refuses(pickle().raw(steps), ", byte 1000001: found more than 1000000 steps (expected: fewer)");
    }

    @Test
    void acceptsDeepAndSelfContainingValues() {
        int[] nesting = new int[900_000];
        Arrays.fill(nesting, 0x85);
        assertThat(run(pickle().raw(')').raw(nesting).raw('.')).describe()).isEqualTo("a tuple of 1");
        // A dict that contains itself, and nested tuples with 2^1000 leaves.
        Dict dict = (Dict) run(pickle().raw('}', 'q', 0).text("self").raw('h', 0, 's', '.'));
        assertThat(dict.members.get("self") == dict).isTrue();
        PickleMaker tower = pickle().raw(')');
        for (int i = 0; i < 1000; i++) {
            tower.raw('q', 0, 'h', 0, 0x86);
        }
        assertThat(run(tower.raw('.')).describe()).isEqualTo("a tuple of 2");
    }

    @Test
    void refusesAPickleTruncatedAnywhere() {
        byte[] whole = PickleMaker.single("FloatStorage", 6, 0, new long[]{2, 3}, new long[]{3, 1});
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> new PickleMachine(cut, "x").run()).as("truncated to %d bytes", length)
                    .isInstanceOf(ModelException.class);
        }
        assertThat(List.of(new PickleMachine(whole, "x").run())).hasSize(1);
    }
}
