using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace QuantumTrader.Tests.App.Dashboard;

/// <summary>All tests that open pages, one after the other: they share a browser and a run.</summary>
[CollectionDefinition(Name)]
public sealed class DashboardCollection : ICollectionFixture<DashboardFixture>
{
    public const string Name = "dashboard";
}

/// <summary>One browser, and one run of pipelines/dashboard.yml at a speed at which something happens on every page.</summary>
public sealed class DashboardFixture : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private IPlaywright? _playwright;
    private ServedPipeline? _served;

    /// <summary>The browser; only for tests that are not skipped without one.</summary>
    public IBrowser Browser { get; private set; } = null!;

    internal ServedPipeline Served => _served!;

    internal Uri Address => Served.Address;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (Chromium.Executable is null)
        {
            return;
        }

        Assertions.SetDefaultExpectTimeout(30_000);
        _playwright = await Playwright.CreateAsync();
        Browser = await Chromium.LaunchAsync(_playwright);
        _served = await StartAsync(0);
    }

    /// <summary>A run of its own, for a test that changes or ends it.</summary>
    internal Task<ServedPipeline> StartAsync(int port, params string[] sets) => ServedPipeline.StartAsync(
        "dashboard.yml", port, [.. Sets, .. sets]);

    private string[] Sets => ["blocks.feed.speed=4000x", $"store.journal.path={Path.Combine(_folder.Path, Guid.NewGuid().ToString("N"))}"];

    /// <summary>The same, of somebody who has set no token.</summary>
    internal Task<ServedPipeline> StartWithoutTokenAsync() => ServedPipeline.StartAsync("dashboard.yml", 0, Sets, token: null);

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_served is not null)
        {
            await _served.DisposeAsync();
        }

        if (Browser is not null)
        {
            await Browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();
}

/// <summary>One open page, and what went wrong on it.</summary>
internal sealed class OpenPage : IAsyncDisposable
{
    private readonly IBrowserContext _context;

    private OpenPage(IBrowserContext context, IPage page) => (_context, Page) = (context, page);

    public IPage Page { get; }

    /// <summary>What the browser complained of: script errors, refused by the policy of the page, failed to load.</summary>
    public ConcurrentQueue<string> Complaints { get; } = [];

    /// <summary>Everything that was asked for.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>Opens a page, and waits until it shows its document.</summary>
    public static async Task<OpenPage> AtAsync(IBrowser browser, Uri address, string page = "flow", BrowserNewContextOptions? options = null)
    {
        var open = await LoadAsync(browser, address, page, options);
        await open.GoAsync(page);
        return open;
    }

    /// <summary>Opens a page, whatever it then shows; its clock can be moved on.</summary>
    public static async Task<OpenPage> LoadAsync(IBrowser browser, Uri address, string page = "flow", BrowserNewContextOptions? options = null, bool hasClock = false)
    {
        options ??= new BrowserNewContextOptions();
        options.Locale ??= "en-US";
        options.TimezoneId ??= "UTC";
        options.ReducedMotion ??= ReducedMotion.Reduce;
        var context = await browser.NewContextAsync(options);
        var open = new OpenPage(context, await context.NewPageAsync());
        open.Page.SetDefaultTimeout(30_000);
        open.Page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                open.Complaints.Enqueue(message.Text);
            }
        };
        open.Page.PageError += (_, error) => open.Complaints.Enqueue(error);
        open.Page.Request += (_, request) => open.Requests.Enqueue(request.Url);
        if (hasClock)
        {
            await open.Page.Clock.InstallAsync();
        }

        await open.Page.GotoAsync($"{address}#/{page}");
        return open;
    }

    /// <summary>Goes to a page, and waits until the connection is live and the page's document has come.</summary>
    public async Task GoAsync(string page)
    {
        await Page.EvaluateAsync("page => location.hash = `#/${page}`", page);
        await Connected("live");
        await Page.Locator($"nav a[href='#/{page.Split('/')[0]}'][aria-current=page]").WaitForAsync();
        await Assertions.Expect(Page.Locator(".waiting")).ToHaveCountAsync(0, new() { Timeout = 30_000 });
    }

    /// <summary>Another tab is before it, or it is before the others again.</summary>
    public Task SeenAsync(bool isSeen) => Page.EvaluateAsync("""
        isHidden => {
          Object.defineProperty(document, 'hidden', { configurable: true, get: () => isHidden });
          document.dispatchEvent(new Event('visibilitychange'));
        }
        """, !isSeen);

    /// <summary>Waits until the connection is in this state.</summary>
    public Task Connected(string state) => Page.Locator($"[data-test=connection][data-state={state}]").WaitForAsync();

    /// <summary>Waits until an element says so.</summary>
    public Task Says(string selector, string text) => Assertions.Expect(Page.Locator(selector).First).ToContainTextAsync(text, new() { Timeout = 30_000 });

    public ValueTask DisposeAsync() => _context.DisposeAsync();
}
