namespace QuantumTrader.Tests;

/// <summary>Finds the real market recordings: the folder in QT_DATA, else <c>shared/data</c> beside the repository or above the tests.</summary>
internal static class TestData
{
    private static readonly string? Root = Find();

    /// <summary>True when the recordings are on this machine.</summary>
    public static bool IsPresent => Root is not null;

    /// <summary>The folder; empty when there is none.</summary>
    public static string Folder => Root ?? "";

    /// <summary>Full path of a recording, such as <c>binance/spot/btcusdt_20240808.gz</c>.</summary>
    public static string PathOf(string recording)
    {
        var path = Path.Combine(Root ?? throw new DirectoryNotFoundException(Missing), recording);
        return File.Exists(path) ? path : throw new FileNotFoundException($"market recording not found: {recording}", path);
    }

    internal const string Missing = "market recordings not found: set QT_DATA to their folder, or put them into shared/data beside the repository";

    internal static bool MustExist => Environment.GetEnvironmentVariable("CI") is "true" or "1";

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("QT_DATA") is { Length: > 0 } named)
        {
            return Directory.Exists(named) ? named : null;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "data");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}

/// <summary>A test that needs something of the machine: skipped where it is missing, except on a build server, where it then fails.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal abstract class NeedingFactAttribute : FactAttribute
{
    protected NeedingFactAttribute(bool isPresent, string missing) => Skip = isPresent || TestData.MustExist ? null : missing;
}

/// <summary>A test on real market recordings.</summary>
internal sealed class DataFactAttribute() : NeedingFactAttribute(TestData.IsPresent, TestData.Missing);

/// <summary>A test that needs a file which only some systems have, such as <c>/dev/full</c>.</summary>
internal sealed class FileFactAttribute(string file) : NeedingFactAttribute(System.IO.File.Exists(file), $"this system has no {file}")
{
    public string File { get; } = file;
}

/// <summary>As <see cref="DataFactAttribute"/>, for a test with rows.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class DataTheoryAttribute : TheoryAttribute
{
    public DataTheoryAttribute() => Skip = TestData.IsPresent || TestData.MustExist ? null : TestData.Missing;
}
