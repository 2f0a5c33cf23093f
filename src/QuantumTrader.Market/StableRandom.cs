namespace QuantumTrader.Market;

/// <summary>
/// Random numbers that are the same on every machine and version of .NET: xoshiro256** (Blackman and Vigna, 2018), seeded by splitmix64.
/// </summary>
public sealed class StableRandom
{
    private ulong _a;
    private ulong _b;
    private ulong _c;
    private ulong _d;

    /// <summary>The same seed gives the same numbers.</summary>
    public StableRandom(ulong seed)
    {
        _a = SplitMix(ref seed);
        _b = SplitMix(ref seed);
        _c = SplitMix(ref seed);
        _d = SplitMix(ref seed);
    }

    private static ulong SplitMix(ref ulong state)
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>The next 64 random bits.</summary>
    public ulong Next()
    {
        var result = ulong.RotateLeft(_b * 5, 7) * 9;
        var t = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= t;
        _d = ulong.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>From 0 up to, not including, 1.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>From 0 up to, not including, the limit.</summary>
    public int Below(int limit) => (int)(((Next() >> 32) * (ulong)limit) >> 32);

    /// <summary>True with this probability.</summary>
    public bool Chance(double probability) => NextDouble() < probability;

    /// <summary>Failures before a success that has this probability; never more than 63.</summary>
    public int Geometric(double success)
    {
        var failures = 0;
        while (failures < 63 && !Chance(success))
        {
            failures++;
        }

        return failures;
    }

    /// <summary>Exponential with mean 1.</summary>
    public double Exponential() => -StableMath.Log(1 - NextDouble());
}

/// <summary>
/// Logarithm and exponential from additions, multiplications and divisions alone. IEEE 754 fixes the result of those to the last bit;
/// <see cref="Math.Log(double)"/> and <see cref="Math.Exp"/> come from the platform's library and may differ between machines.
/// </summary>
public static class StableMath
{
    private const double Ln2 = 0.693147180559945309;
    private const long MantissaMask = (1L << 52) - 1;
    private const long ExponentOfOne = 1023L << 52;

    /// <summary>Natural logarithm of a positive normal number; relative error below 1e-14.</summary>
    public static double Log(double x)
    {
        var bits = BitConverter.DoubleToInt64Bits(x);
        var exponent = (int)(bits >> 52) - 1023;
        var m = BitConverter.Int64BitsToDouble((bits & MantissaMask) | ExponentOfOne);
        if (m > 1.4142135623730951)
        {
            m *= 0.5;
            exponent++;
        }

        // ln m = 2 (s + s^3/3 + s^5/5 + ...), |s| < 0.172
        var s = (m - 1) / (m + 1);
        var q = s * s;
        var series = 1 + (q * ((1.0 / 3) + (q * ((1.0 / 5) + (q * ((1.0 / 7) + (q * ((1.0 / 9) + (q * ((1.0 / 11) + (q * ((1.0 / 13) + (q * ((1.0 / 15) + (q / 17)))))))))))))));
        return (exponent * Ln2) + (2 * s * series);
    }

    /// <summary>e to the power of -x for x of 0 or more; relative error below 1e-13; 0 above 700.</summary>
    public static double ExpOfMinus(double x)
    {
        if (x > 700)
        {
            return 0;
        }

        var k = (long)((x / Ln2) + 0.5);
        var r = (k * Ln2) - x; // -0.35 to 0.35
        var series = 1 + (r * (1 + (r / 2 * (1 + (r / 3 * (1 + (r / 4 * (1 + (r / 5 * (1 + (r / 6 * (1 + (r / 7 * (1 + (r / 8 * (1 + (r / 9 * (1 + (r / 10 * (1 + (r / 11)))))))))))))))))))));
        return series * BitConverter.Int64BitsToDouble((1023 - k) << 52);
    }
}
