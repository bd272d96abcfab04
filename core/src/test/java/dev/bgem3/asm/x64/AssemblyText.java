package dev.bgem3.asm.x64;

import dev.bgem3.asm.Label;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Parses and emits one line of assembly in Intel's syntax, as far as the table of encodings uses it. */
final class AssemblyText {
    private static final Pattern LINE = Pattern.compile("(?:\\{(\\w+)} )?(\\w+) ?(.*)");
    private static final Pattern VECTOR = Pattern.compile("([xyz])mm(\\d+)");
    private static final Pattern MASKED = Pattern.compile("(.*)\\{k(\\d)}(\\{z})?");
    private static final Pattern ADDRESS = Pattern
            .compile("(?:\\w+ ptr )?\\[(\\w+)(?:\\+(\\w+)\\*(\\d))?([+-]\\d+)?](\\{1to\\d+})?");
    private static final List<String> GPR32 = List.of("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi",
            "r8d",
            "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d");
    private static final Map<String, Condition> CONDITIONS = Map.ofEntries(
            Map.entry("jo", Condition.OVERFLOW),
            Map.entry("jno", Condition.NO_OVERFLOW), Map.entry("jb", Condition.BELOW),
            Map.entry("jae", Condition.ABOVE_EQUAL), Map.entry("je", Condition.EQUAL),
            Map.entry("jne", Condition.NOT_EQUAL), Map.entry("jbe", Condition.BELOW_EQUAL),
            Map.entry("ja", Condition.ABOVE), Map.entry("js", Condition.SIGN),
            Map.entry("jns", Condition.NO_SIGN),
            Map.entry("jp", Condition.PARITY), Map.entry("jnp", Condition.NO_PARITY),
            Map.entry("jl", Condition.LESS),
            Map.entry("jge", Condition.GREATER_EQUAL), Map.entry("jle", Condition.LESS_EQUAL),
            Map.entry("jg", Condition.GREATER));

    private final String text;
    private final String mnemonic;
    private final List<Object> operands = new ArrayList<>();
    /** The distance of a position relative to this instruction, if the line names one. */
    private Integer distance;
    private boolean fromEnd;
    private final Label target = new Label("target");

    private AssemblyText(String text) {
        this.text = text;
        Matcher line = LINE.matcher(text);
        if (!line.matches()) {
            throw new IllegalArgumentException("not a line of assembly: " + text);
        }
        this.mnemonic = line.group(2) + ("vex".equals(line.group(1)) ? "_vex" : "");
        if (!line.group(3).isEmpty()) {
            Arrays.stream(line.group(3).split(", ")).map(this::operand).forEach(operands::add);
        }
    }

    /** Returns the bytes of one line. */
    static byte[] assemble(String text) {
        return new AssemblyText(text).assemble();
    }

    private byte[] assemble() {
        if (distance == null) {
            Assembler code = new Assembler();
            emit(code);
            return code.toByteArray();
        }
        // The distance counts from this instruction's start, or (rip) from its end, which a first pass finds.
        Assembler trial = new Assembler();
        emit(trial);
        int length = trial.position();
        int ahead = distance + (fromEnd ? length : 0);
        AssemblyText again = new AssemblyText(text);
        Assembler code = new Assembler();
        int before = Math.max(0, -ahead);
        if (ahead < 0) {
            code.bind(again.target);
        }
        fill(code, before);
        again.emit(code);
        if (ahead >= 0) {
            fill(code, ahead - length);
            code.bind(again.target);
        }
        return Arrays.copyOfRange(code.toByteArray(), before, before + length);
    }

    private static void fill(Assembler code, int bytes) {
        for (int i = 0; i < bytes; i++) {
            code.ret();
        }
    }

    private Object operand(String word) {
        if (word.startsWith(".")) {
            distance = Integer.valueOf(word.substring(1));
            return target;
        }
        Matcher masked = MASKED.matcher(word);
        if (masked.matches()) {
            return new Masked((Operand) operand(masked.group(1)), new Mask(Integer.parseInt(masked.group(2))),
                    masked.group(3) != null);
        }
        Matcher vector = VECTOR.matcher(word);
        if (vector.matches()) {
            int number = Integer.parseInt(vector.group(2));
            return switch (vector.group(1)) {
                case "x" -> Vec.xmm(number);
                case "y" -> Vec.ymm(number);
                default -> Vec.zmm(number);
            };
        }
        Matcher address = ADDRESS.matcher(word);
        if (address.matches()) {
            return memory(address);
        }
        if (word.matches("k\\d")) {
            return new Mask(Integer.parseInt(word.substring(1)));
        }
        if (word.matches("-?\\d+")) {
            return Long.valueOf(word);
        }
        return gpr(word);
    }

    private Mem memory(Matcher address) {
        int displacement = address.group(4) == null ? 0 : Integer.parseInt(address.group(4));
        Mem mem;
        if (address.group(1).equals("rip")) {
            distance = displacement;
            fromEnd = true;
            mem = Mem.at(target);
        } else {
            Gpr index = address.group(2) == null ? null : gpr(address.group(2));
            mem = Mem.at(gpr(address.group(1)), index, index == null ? 1 : Integer.parseInt(address.group(3)),
                    displacement);
        }
        return address.group(5) == null ? mem : mem.broadcasting();
    }

    private static Gpr gpr(String word) {
        int number32 = GPR32.indexOf(word);
        return number32 >= 0 ? Gpr.values()[number32] : Gpr.valueOf(word.toUpperCase(Locale.ROOT));
    }

    private void emit(Assembler code) {
        if (mnemonic.startsWith("j") || mnemonic.equals("call")) {
            if (mnemonic.equals("call")) {
                code.call(target);
            } else if (mnemonic.equals("jmp")) {
                code.jump(target);
            } else {
                code.jump(CONDITIONS.get(mnemonic), target);
            }
            return;
        }
        String name = mnemonic.toUpperCase(Locale.ROOT);
        boolean table = Arrays.stream(VectorOp.values())
                .anyMatch(op -> (op.name() + "_").startsWith(name + "_"));
        if (table) {
            emitVector(code, name);
        } else {
            GeneralText.emit(code, mnemonic, text, operands.toArray());
        }
    }

    private void emitVector(Assembler code, String name) {
        Object first = operands.getFirst();
        Object last = operands.getLast();
        String variant = name.startsWith("KMOV") && last instanceof Gpr ? "_KR" : "";
        VectorOp op = VectorOp.valueOf(name + variant);
        if (last instanceof Long immediate) {
            Operand source = (Operand) operands.get(1);
            if (operands.size() == 3) {
                code.emit(op, (Operand) first, source, immediate.intValue());
            } else {
                code.emit(op, (Operand) first, source, (Operand) operands.get(2), immediate.intValue());
            }
        } else {
            code.emit(op, operands.toArray(Operand[]::new));
        }
    }
}
