using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using QuantumTrader.Features;

namespace QuantumTrader.App.Exports;

/// <summary>Reads what the writers of an export wrote. The manifest beside the file is held against it when it is there.</summary>
internal static partial class VectorReader
{
    /// <summary>All vectors of a .csv or .npz file.</summary>
    /// <exception cref="InvalidDataException">It is not what an export writes; the message says where.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IReadOnlyList<FeatureVector> Read(string path)
    {
        try
        {
            IReadOnlyList<FeatureVector> vectors = Path.GetExtension(path) switch
            {
                ".csv" => ReadCsv(path),
                ".npz" => ReadNpz(path),
                _ => throw new InvalidDataException($"'{path}' ends neither in .csv nor in .npz, which are what qt export writes."),
            };
            Check(path, vectors);
            return vectors;
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException or JsonException or EndOfStreamException
            || (e is InvalidDataException && !e.Message.Contains(path, StringComparison.Ordinal)))
        {
            throw new InvalidDataException($"{path} is not what qt export writes: {e.Message} Export it again.", e);
        }
    }

    private static List<FeatureVector> ReadCsv(string path)
    {
        var vectors = new List<FeatureVector>();
        FeatureSchema? schema = null;
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            var cells = line.Split(',');
            if (schema is null)
            {
                schema = cells is ["sequence", "time", "symbol", .. { Length: > 0 } names, "warm"]
                    ? new FeatureSchema(names)
                    : throw new InvalidDataException($"{path}:1: the header was '{line[..Math.Min(80, line.Length)]}'; it is sequence,time,symbol, the names of the features, warm.");
                continue;
            }

            var count = schema.Names.Count;
            if (cells.Length != count + 4 || cells[^1].Length != count)
            {
                throw new InvalidDataException(FormattableString.Invariant($"{path}:{number}: the line has {cells.Length} cells and {cells[^1].Length} warm bits; the header asks for {count + 4} and {count}."));
            }

            var values = new double[count];
            for (var i = 0; i < count; i++)
            {
                if (!double.TryParse(cells[i + 3], NumberStyles.Float, CultureInfo.InvariantCulture, out values[i]) || !double.IsFinite(values[i]))
                {
                    throw new InvalidDataException($"{path}:{number}: '{schema.Names[i]}' was '{cells[i + 3]}'; it must be a finite number.");
                }
            }

            vectors.Add(new FeatureVector(
                long.Parse(cells[0], CultureInfo.InvariantCulture), long.Parse(cells[1], CultureInfo.InvariantCulture), int.Parse(cells[2], CultureInfo.InvariantCulture),
                schema, values, WarmBits(count, i => cells[^1][i] == '1')));
        }

        return vectors;
    }

    private static List<FeatureVector> ReadNpz(string path)
    {
        using var zip = new ZipArchive(File.OpenRead(path), ZipArchiveMode.Read);
        var (names, nameShape) = ReadArray(path, zip, "names", "<U");
        var schema = new FeatureSchema(Texts(names, nameShape[0]));
        var count = schema.Names.Count;
        var (values, shape) = ReadArray(path, zip, "values", "<f8");
        var (warm, warmShape) = ReadArray(path, zip, "warm", "|b1");
        var (times, timeShape) = ReadArray(path, zip, "time", "<i8");
        var (symbols, symbolShape) = ReadArray(path, zip, "symbol", "<i4");
        var (sequences, sequenceShape) = ReadArray(path, zip, "sequence", "<i8");
        if (shape.Length != 2 || shape[1] != count || !warmShape.SequenceEqual(shape) || new[] { timeShape, symbolShape, sequenceShape }.Any(s => s.Length != 1 || s[0] != shape[0]))
        {
            throw new InvalidDataException($"{path}: the arrays values ({string.Join(", ", shape)}), warm, time, symbol, sequence and names ({count}) do not belong together.");
        }

        var vectors = new List<FeatureVector>(shape[0]);
        for (var row = 0; row < shape[0]; row++)
        {
            var first = row * count;
            var own = MemoryMarshal.Cast<byte, double>(values).Slice(first, count).ToArray();
            if (Array.FindIndex(own, v => !double.IsFinite(v)) is >= 0 and var wrong)
            {
                throw new InvalidDataException(FormattableString.Invariant($"{path}: row {row} has {own[wrong]} for '{schema.Names[wrong]}'; all values must be finite."));
            }

            vectors.Add(new FeatureVector(
                MemoryMarshal.Cast<byte, long>(sequences)[row], MemoryMarshal.Cast<byte, long>(times)[row], MemoryMarshal.Cast<byte, int>(symbols)[row],
                schema, own, WarmBits(count, i => warm[first + i] != 0)));
        }

        return vectors;
    }

    private static ulong[] WarmBits(int count, Func<int, bool> isWarm)
    {
        var bits = new ulong[(count + 63) / 64];
        for (var i = 0; i < count; i++)
        {
            bits[i >> 6] |= isWarm(i) ? 1UL << (i & 63) : 0;
        }

        return bits;
    }

    // Format 1.0, as the writer's; see there.
    private static (byte[] Data, int[] Shape) ReadArray(string path, ZipArchive zip, string name, string type)
    {
        var entry = zip.GetEntry(name + ".npy") ?? throw new InvalidDataException($"{path} has no array '{name}'. Write it with qt export.");
        using var stream = new MemoryStream();
        using (var packed = entry.Open())
        {
            packed.CopyTo(stream);
        }

        var bytes = stream.ToArray();
        var start = bytes.Length < 10 ? 0 : 10 + bytes[8] + (bytes[9] << 8);
        var header = start > 10 && start <= bytes.Length && bytes.AsSpan(0, 7).SequenceEqual((ReadOnlySpan<byte>)[0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1])
            ? Encoding.ASCII.GetString(bytes[10..start])
            : "";
        var match = Header().Match(header);
        if (!match.Success || !match.Groups[1].Value.StartsWith(type, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{path}: the array '{name}' has the header '{header.Trim()}'; it must be of type {type} and in C order.");
        }

        int[] shape = [.. match.Groups[2].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(s => int.Parse(s, CultureInfo.InvariantCulture))];
        var width = type == "<U" ? 4 * int.Parse(match.Groups[1].Value[2..], CultureInfo.InvariantCulture) : type[^1] - '0';
        var expected = shape.Aggregate((long)width, (product, length) => product * length);
        return shape.Length > 0 && expected == bytes.Length - start
            ? (bytes[start..], shape)
            : throw new InvalidDataException(FormattableString.Invariant($"{path}: the array '{name}' holds {bytes.Length - start} bytes; its header asks for {expected}."));
    }

    private static IEnumerable<string> Texts(byte[] data, int count) =>
        Enumerable.Range(0, count).Select(i => Encoding.UTF32.GetString(data, data.Length / count * i, data.Length / count).TrimEnd('\0'));

    private static void Check(string path, IReadOnlyList<FeatureVector> vectors)
    {
        if (!File.Exists(path + ".json"))
        {
            return;
        }

        using var document = JsonDocument.Parse(File.ReadAllText(path + ".json"));
        var expected = document.RootElement.TryGetProperty("data_hash", out var value) ? value.GetString() : null;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        FeatureVector.AppendTo([.. vectors], hash);
        var found = Convert.ToHexStringLower(hash.GetHashAndReset());
        if (expected != found)
        {
            throw new InvalidDataException($"{path} has the data hash {found}; its manifest {path}.json says {expected}. One of the two was changed; export both again, or remove the manifest when the change is meant.");
        }
    }

    [GeneratedRegex(@"^\{'descr': '([^']+)', 'fortran_order': False, 'shape': \(([0-9, ]+)\), \}\s*$")]
    private static partial Regex Header();
}
