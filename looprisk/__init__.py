"""What every layer of looped leverage in DeFi loses to a shock, and where it breaks."""
