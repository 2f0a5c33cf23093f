namespace QuantumTrader.Pipelines;

/// <summary>64-bit hashes that are the same in every process and on every machine.</summary>
public static class StableHash
{
    /// <summary>Mixes two values into one (splitmix64 finaliser).</summary>
    public static long Mix(long a, long b)
    {
        var z = (ulong)a + (0x9E3779B97F4A7C15UL * (ulong)b);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return (long)(z ^ (z >> 31));
    }

    /// <summary>Mixes a value with a text (FNV-1a over its characters).</summary>
    public static long Mix(long a, string text)
    {
        var hash = 0xCBF29CE484222325UL;
        foreach (var c in text)
        {
            hash = (hash ^ c) * 0x100000001B3UL;
        }

        return Mix(a, (long)hash);
    }
}
