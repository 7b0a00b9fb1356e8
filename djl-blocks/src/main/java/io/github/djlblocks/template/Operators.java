package io.github.djlblocks.template;

import java.util.ArrayList;
import java.util.List;

/** The operators between values, as in Python. */
final class Operators {

    /** Below this every whole number is a double. */
    private static final double EXACT = 1L << 53;

    private Operators() {}

    static Object apply(String operator, Object left, Object right) {
        if (operator.equals("~")) {
            return PythonText.str(left) + PythonText.str(right);
        }
        Object a = Python.asNumber(left);
        Object b = Python.asNumber(right);
        if (a instanceof Long first && b instanceof Long second) {
            return whole(operator, first, second);
        }
        if (Python.isNumber(a) && Python.isNumber(b)) {
            return fraction(operator, ((Number) a).doubleValue(), ((Number) b).doubleValue());
        }
        if (operator.equals("+") && left instanceof String first && right instanceof String last) {
            return first + last;
        }
        if (operator.equals("+")
                && left instanceof List<?> first
                && right instanceof List<?> last) {
            List<Object> both = new ArrayList<>(first);
            both.addAll(last);
            return both;
        }
        if (operator.equals("*") && left instanceof String text && b instanceof Long count) {
            return text.repeat((int) Math.max(0, count));
        }
        String types = Python.typeOf(left) + " " + operator + " " + Python.typeOf(right);
        throw new TemplateException("there is no " + types);
    }

    private static Object whole(String operator, long left, long right) {
        requireDivisor(operator, (double) right);
        return switch (operator) {
            case "+" -> Math.addExact(left, right);
            case "-" -> Math.subtractExact(left, right);
            case "*" -> Math.multiplyExact(left, right);
            case "/" -> (double) left / right;
            case "//" -> Math.floorDiv(left, right);
            case "%" -> Math.floorMod(left, right);
            case "**" -> power(left, right);
            default -> throw new IllegalArgumentException(operator);
        };
    }

    private static Object power(long base, long exponent) {
        double power = Math.pow((double) base, (double) exponent);
        return exponent >= 0 && Math.abs(power) < EXACT ? (Object) (long) power : (Object) power;
    }

    private static Object fraction(String operator, double left, double right) {
        requireDivisor(operator, right);
        return switch (operator) {
            case "+" -> left + right;
            case "-" -> left - right;
            case "*" -> left * right;
            case "/" -> left / right;
            case "//" -> Math.floor(left / right);
            case "%" -> left - right * Math.floor(left / right);
            case "**" -> Math.pow(left, right);
            default -> throw new IllegalArgumentException(operator);
        };
    }

    private static void requireDivisor(String operator, double divisor) {
        if (divisor == 0 && (operator.startsWith("/") || operator.equals("%"))) {
            throw new TemplateException("division by zero");
        }
    }

    static Object negative(Object value) {
        return apply("-", 0L, value);
    }

    static boolean compare(String operator, Object left, Object right) {
        return switch (operator) {
            case "==" -> Python.areEqual(left, right);
            case "!=" -> !Python.areEqual(left, right);
            case "in" -> Python.contains(right, left);
            case "not in" -> !Python.contains(right, left);
            case "<" -> Python.compare(left, right) < 0;
            case "<=" -> Python.compare(left, right) <= 0;
            case ">" -> Python.compare(left, right) > 0;
            case ">=" -> Python.compare(left, right) >= 0;
            default -> throw new IllegalArgumentException(operator);
        };
    }
}
