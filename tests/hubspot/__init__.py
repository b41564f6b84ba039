"""Tests of the CRM client, its protocol and its budget."""
