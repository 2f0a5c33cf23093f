using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace QuantumTrader.Tests.App.Dashboard;

/// <summary>Draws the pictures of docs/dashboard.md anew: <c>QT_PICTURES=1 dotnet test tests/QuantumTrader.Tests --filter PictureTests</c>.</summary>
[Collection(DashboardCollection.Name)]
public sealed class PictureTests(DashboardFixture dashboard)
{
    private const long MostBytes = 200_000;
    private static readonly string Folder = Path.Combine(Qt.Root, "docs", "images");

    [PictureFact]
    public async Task Every_page_is_drawn()
    {
        // Slow enough that nothing is a blur, after a part of a day that has filled every page.
        await using var served = await dashboard.StartAsync(0, "blocks.feed.speed=1200x");
        await PageTests.Eventually(() => Task.FromResult(served.Live.Watch.Now().Report.Blocks.Single(b => b.Name == "orders").Out > 25), 120);
        foreach (var (page, name, options) in new (string, string, BrowserNewContextOptions)[]
        {
            ("flow", "flow", Wide(true)), ("market", "market", Wide(true)), ("model", "model", Wide(true)), ("rollout", "rollout", Wide(true)),
            ("trading", "trading", Wide(false)), ("history", "history", Wide(false)),
            ("market", "phone", new() { ViewportSize = new() { Width = 390, Height = 800 }, ColorScheme = ColorScheme.Light, Locale = "pt-BR" }),
        })
        {
            await using var open = await OpenPage.AtAsync(dashboard.Browser, served.Address, page, options);
            await Task.Delay(TimeSpan.FromSeconds(1.5)); // a chart is drawn, rates settle
            await open.Page.ScreenshotAsync(new() { Path = Path.Combine(Folder, $"dashboard-{name}.png") });
        }
    }

    [Fact]
    public void Every_picture_is_small_and_shown_on_the_page_about_the_dashboard()
    {
        var page = File.ReadAllText(Path.Combine(Qt.Root, "docs", "dashboard.md"));
        var pictures = Directory.GetFiles(Folder, "dashboard-*.png");

        pictures.Length.ShouldBe(7);
        pictures.Select(Path.GetFileName).ShouldBe(Regex.Matches(page, @"\]\(images/([\w-]+\.png)\)").Select(m => m.Groups[1].Value), ignoreOrder: true);
        pictures.Where(p => new FileInfo(p).Length >= MostBytes).ShouldBeEmpty();
    }

    private static BrowserNewContextOptions Wide(bool dark) => new()
    {
        ViewportSize = new() { Width = 1320, Height = 820 }, ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
    };

    private sealed class PictureFactAttribute : FactAttribute
    {
        public PictureFactAttribute() => Skip = Environment.GetEnvironmentVariable("QT_PICTURES") is "1" ? null : "draws pictures only when it is asked to: QT_PICTURES=1";
    }
}
