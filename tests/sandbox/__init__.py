"""Tests of the CRM stand-in."""
