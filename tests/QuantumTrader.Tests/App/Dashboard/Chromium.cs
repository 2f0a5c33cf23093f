using Microsoft.Playwright;

namespace QuantumTrader.Tests.App.Dashboard;

/// <summary>The browser of this machine: the one in QT_CHROMIUM, else the first that is found under a usual name.</summary>
internal static class Chromium
{
    public const string Missing = "no Chromium was found: install the package chromium (Debian: apt-get install chromium), or set QT_CHROMIUM to its path";

    public static string? Executable { get; } = Environment.GetEnvironmentVariable("QT_CHROMIUM") is { Length: > 0 } named ? named : Find("chromium", "chromium-browser", "google-chrome");

    public static Task<IBrowser> LaunchAsync(IPlaywright playwright) => playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
    {
        ExecutablePath = Executable ?? throw new FileNotFoundException(Missing),

        // A container seldom lets a browser make its own sandbox; it opens our own pages only.
        Args = ["--no-sandbox", "--disable-dev-shm-usage"],
    });

    private static string? Find(params string[] names) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
}

/// <summary>A test that opens pages in a browser.</summary>
internal sealed class BrowserFactAttribute() : NeedingFactAttribute(Chromium.Executable is not null, Chromium.Missing);

/// <summary>As <see cref="BrowserFactAttribute"/>, for a test with rows.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BrowserTheoryAttribute : TheoryAttribute
{
    public BrowserTheoryAttribute() => Skip = Chromium.Executable is not null || TestData.MustExist ? null : Chromium.Missing;
}
